/* Whose program it is: build.py says so. */
#if defined(DRAGONFLY)
#include "dragonfly.h"
#else
#include "freebsd.h"
#endif
