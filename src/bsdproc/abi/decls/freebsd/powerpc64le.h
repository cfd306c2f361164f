/* FreeBSD on powerpc64le: the types of powerpc64 in the other byte order. */

#include "powerpc64.h"
