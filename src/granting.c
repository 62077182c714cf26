#include "granting.h"

struct mg_grants mg_grants;
