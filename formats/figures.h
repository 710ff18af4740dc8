#ifndef CV_FORMATS_FIGURES_H
#define CV_FORMATS_FIGURES_H

#include "formats/tally.h"

/**
 * Figures as they are given out: what was asked for of a table, as CSV, as JSON and as a self-contained HTML
 * page with charts (no script, nothing from a network). A number that may not be shown stands there as
 * nothing, null and a dot. docs/STATISTICS.md says to readers what that means.
 */
#define CV_FIGURES_STEP 11 /* records, by which what is counted moves on */
struct cv_figures_view {
    const struct cv_figures *f;
    size_t by[CV_SUPPRESS_DIMS], count; /* dimensions of f, in the order asked for; 1 at least */
    size_t at[CV_SUPPRESS_DIMS];        /* of the others the category asked for; else CV_FIGURES_ALL */
    /* For those who read it. */
    const char *of;    /* what is counted: the type's label */
    const char *vault; /* its fingerprint */
    const char *made;  /* a day */
    uint64_t waiting, unread, entry;
    bool training;
};

/** cv_figures_find(f, dimension, word, at): the category of that name; false if there is none to be shown. */
bool cv_figures_find(const struct cv_figures *f, size_t dimension, const char *word, size_t *at);

/** cv_figures_next(v, at): walk all numbers of a view: begin with cv_figures_begin; the last category of each
 * dimension is CV_FIGURES_ALL; false after the last. */
void cv_figures_begin(const struct cv_figures_view *v, size_t at[static CV_SUPPRESS_DIMS]);
bool cv_figures_next(const struct cv_figures_view *v, size_t at[static CV_SUPPRESS_DIMS]);
/** cv_figures_word(v, i, at): what its i-th dimension says there. */
const char *cv_figures_word(const struct cv_figures_view *v, size_t i,
                            const size_t at[static CV_SUPPRESS_DIMS]);
/** cv_figures_hidden(v, of): how many of its numbers, ${of} so many, are not shown. */
size_t cv_figures_hidden(const struct cv_figures_view *v, size_t *of);

/** cv_figures_bare(v): none is shown but totals. */
bool cv_figures_bare(const struct cv_figures_view *v);

/** cv_figures_csv(v, out): append a row for each number: its categories, the number or nothing, and whether
 * it was suppressed; of a training vault after a line that says so. cv_figures_json(v, out): the answer in
 * JSON, freed by the caller. cv_figures_page(v, out): append the page. CV_OK; CV_ERR_LIMIT; CV_ERR_NOMEM;
 * CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_figures_csv(const struct cv_figures_view *v, struct cv_buf *out);
CV_MUST_CHECK cv_status cv_figures_json(const struct cv_figures_view *v, struct cv_json **out);
CV_MUST_CHECK cv_status cv_figures_page(const struct cv_figures_view *v, struct cv_buf *out);

/* Its parts, compiled in. */
struct cv_bytes cv_figures_template(void);
struct cv_bytes cv_figures_css(void);

#endif
