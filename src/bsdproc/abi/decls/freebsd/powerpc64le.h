#include "powerpc64.h"
