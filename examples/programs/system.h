/* Whose program it is: build.py says so. */
#if defined(DRAGONFLY)
#include "dragonfly.h"
#elif defined(NETBSD)
#include "netbsd.h"
#else
#include "freebsd.h"
#endif
