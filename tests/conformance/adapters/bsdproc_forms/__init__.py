"""The suite's calls as calls of the typed functions, for the adapter bsdproc_typed.

A form takes what a scenario says, in numbers and bytes, calls the typed function for
it and gives back numbers and bytes, made anew from the typed values.  What the
function cannot be asked is `Inexpressible`.
"""
