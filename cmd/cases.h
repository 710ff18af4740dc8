#ifndef CV_CMD_CASES_H
#define CV_CMD_CASES_H

#include "formats/json.h"

/**
 * Synthetic cases in the terms of the default template: names, places and testimony in the scripts of the
 * region, linked persons and events. The same seed gives the same cases. Nobody in them exists.
 */
struct cv_cases;

CV_MUST_CHECK cv_status cv_cases_new(uint64_t seed, uint64_t cases, struct cv_cases **out);
void cv_cases_free(struct cv_cases *c);
/** cv_cases_next(c, record): the next record, to be freed. CV_OK; CV_ERR_NOTFOUND at the end; CV_ERR_NOMEM.
 */
CV_MUST_CHECK cv_status cv_cases_next(struct cv_cases *c, struct cv_json **record);

/* cases_words.c: what the cases are made of, one table per language. */
#define CV_WORDS 8
struct cv_region {
    const char *language, *country, *prefix; /* ISO 639-2, ISO 3166, telephone */
    const char *first[CV_WORDS], *family[CV_WORDS], *city[CV_WORDS], *sentence[CV_WORDS];
};
#define CV_REGIONS 7
extern const struct cv_region cv_regions[CV_REGIONS];

#endif
