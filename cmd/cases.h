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
/** cv_cases_next(c, by, record): what is written next, to be freed, and the role that writes it: `protection`
 * stores a new record; `medical` and `legal` add their section to one that is there. CV_OK; CV_ERR_NOTFOUND
 * at the end; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_cases_next(struct cv_cases *c, const char **by, struct cv_json **record);

#endif
