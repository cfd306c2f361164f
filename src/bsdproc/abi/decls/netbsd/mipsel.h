/* NetBSD on mipsel: the types of mipseb in the other byte order. */

#include "mipseb.h"
