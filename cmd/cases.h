#ifndef CV_CMD_CASES_H
#define CV_CMD_CASES_H

#include "formats/json.h"

/**
 * Synthetic cases in the terms of the default template: names, places and testimony in the scripts of the
 * region, linked persons and events, and what staff would note of them. The same seed gives the same cases,
 * in a year that follows from the seed and is over. Nobody in them exists.
 */
struct cv_cases;

CV_MUST_CHECK cv_status cv_cases_new(uint64_t seed, uint64_t cases, struct cv_cases **out);
void cv_cases_free(struct cv_cases *c);
/** cv_cases_next(c, role, record): what a member of ${role} writes next, to be freed; what others write is
 * passed over. `protection` stores new records; `medical` and `legal` add their section to one that is there.
 * CV_OK; CV_ERR_NOTFOUND at the end; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_cases_next(struct cv_cases *c, const char *role, struct cv_json **record);

#endif
