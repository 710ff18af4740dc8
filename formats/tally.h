#ifndef CV_FORMATS_TALLY_H
#define CV_FORMATS_TALLY_H

#include "formats/json.h"
#include "formats/suppress.h"

/**
 * Counting: persons (or records of another type) by one, two or three of their coded fields, and what of it
 * may be shown. Nothing is believed of a value: what no field could hold counts as not said.
 */
struct cv_tally_field {
    const char *name, *label, *field; /* what it is called, and where its values stand; borrowed */
    bool multi;
    const struct cv_json *words; /* of a choice, borrowed; NULL: countries and years, as they occur */
};
struct cv_tally;

/** cv_tally_new(fields, count, out): of 1 to CV_SUPPRESS_DIMS fields. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_tally_new(const struct cv_tally_field *fields, size_t count,
                                     struct cv_tally **out);
void cv_tally_free(struct cv_tally *t);
/** cv_tally_add(t, data): one more, with these coded fields. CV_OK; CV_ERR_NOMEM; CV_ERR_LIMIT over 2^24. */
CV_MUST_CHECK cv_status cv_tally_add(struct cv_tally *t, const struct cv_json *data);
uint64_t cv_tally_persons(const struct cv_tally *t);

#define CV_FIGURES_NOT_SAID "not said"
#define CV_FIGURES_OTHERS "others"
#define CV_FIGURES_WORD_BYTES 64
struct cv_figures_category {
    char word[CV_FIGURES_WORD_BYTES];
    uint64_t count;
};
struct cv_figures_dimension {
    const char *name, *label; /* the field's */
    bool multi;
    size_t n;      /* categories; the last may be `others`, */
    size_t others; /* this one; or CV_SUPPRESS_NONE */
    size_t empty;  /* after the n: so many that nobody is in, where that may be said */
    struct cv_figures_category c[CV_SUPPRESS_CATEGORIES];
};
/* What may be shown. Numbers are asked for by cv_figures_at. */
struct cv_figures {
    size_t dims;
    struct cv_figures_dimension dim[CV_SUPPRESS_DIMS];
    uint64_t all, k;
    uint64_t *two[CV_SUPPRESS_DIMS], *three;
    bool *hide_two[CV_SUPPRESS_DIMS], *hide_three;
};

/** cv_tally_figures(t, k, out, err): the table of all that was added, with what gives away a group of fewer
 * than
 * ${k} hidden. The tally's fields must live as long. CV_OK; CV_ERR_LIMIT: too many cells; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_tally_figures(const struct cv_tally *t, uint64_t k, struct cv_figures *out,
                                         struct cv_err *err);
void cv_figures_free(struct cv_figures *f);

/** cv_figures_at(f, at, count): the number in these categories, CV_FIGURES_ALL for all of a dimension; false
 * if it may not be shown. */
#define CV_FIGURES_ALL SIZE_MAX
bool cv_figures_at(const struct cv_figures *f, const size_t at[static CV_SUPPRESS_DIMS], uint64_t *count);

#endif
