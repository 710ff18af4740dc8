#ifndef CV_VAULT_PLACES_H
#define CV_VAULT_PLACES_H

#include <stddef.h>

/** cv_places(most): how many clients a server may have at once: a descriptor for each, and some to work with,
 * as far as the system lets us: poll takes no more than that either. From 1 to ${most}. */
size_t cv_places(size_t most);

#endif
