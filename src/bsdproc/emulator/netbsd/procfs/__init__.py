"""The emulated NetBSD's procfs(5).

`types` states every node, `view` what is looked at, `texts` and `linux` what is written down,
`contents` what reading and writing do, `node` the vnodes and `mount` the file system.
"""
