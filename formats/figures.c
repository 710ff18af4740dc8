#include "formats/figures.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/csv.h"

#define WORD_ALL "all"

/* size_of(v, i): its i-th dimension's categories; those that nobody is in only where it stands alone. */
static size_t size_of(const struct cv_figures_view *v, size_t i)
{
    const struct cv_figures_dimension *d = &v->f->dim[v->by[i]];
    return v->f->dims == 1 ? d->n + d->empty : d->n;
}

bool cv_figures_find(const struct cv_figures *f, size_t dimension, const char *word, size_t *at)
{
    const struct cv_figures_dimension *d = &f->dim[dimension];
    for (size_t i = 0; i < d->n; i++)
        if (i != d->others && strcmp(d->c[i].word, word) == 0) {
            *at = i;
            return true;
        }
    return false;
}

void cv_figures_begin(const struct cv_figures_view *v, size_t at[static CV_SUPPRESS_DIMS])
{
    memcpy(at, v->at, CV_SUPPRESS_DIMS * sizeof(*at));
    for (size_t i = 0; i < v->count; i++)
        at[v->by[i]] = size_of(v, i) > 0 ? 0 : CV_FIGURES_ALL;
}

bool cv_figures_next(const struct cv_figures_view *v, size_t at[static CV_SUPPRESS_DIMS])
{
    for (size_t i = v->count; i-- > 0;) {
        size_t *here = &at[v->by[i]];
        if (*here != CV_FIGURES_ALL) {
            *here = *here + 1 < size_of(v, i) ? *here + 1 : CV_FIGURES_ALL;
            return true;
        }
        *here = size_of(v, i) > 0 ? 0 : CV_FIGURES_ALL;
    }
    return false;
}

const char *cv_figures_word(const struct cv_figures_view *v, size_t i,
                            const size_t at[static CV_SUPPRESS_DIMS])
{
    const size_t d = v->by[i];
    return at[d] == CV_FIGURES_ALL ? WORD_ALL : v->f->dim[d].c[at[d]].word;
}

size_t cv_figures_hidden(const struct cv_figures_view *v, size_t *of)
{
    size_t at[CV_SUPPRESS_DIMS], hidden = 0;
    uint64_t count;
    *of = 0;
    cv_figures_begin(v, at);
    do {
        hidden += !cv_figures_at(v->f, at, &count);
        ++*of;
    } while (cv_figures_next(v, at));
    return hidden;
}

bool cv_figures_bare(const struct cv_figures_view *v)
{
    size_t at[CV_SUPPRESS_DIMS];
    uint64_t count;
    cv_figures_begin(v, at);
    do {
        bool total = false;
        for (size_t i = 0; i < v->count; i++)
            total = total || at[v->by[i]] == CV_FIGURES_ALL;
        if (!total && cv_figures_at(v->f, at, &count))
            return false;
    } while (cv_figures_next(v, at));
    return true;
}

/* ---- CSV ---- */

static cv_status csv_head(const struct cv_figures_view *v, struct cv_buf *out)
{
    cv_status st = CV_OK;
    if (v->training)
        st = cv_csv_cell("TRAINING - no real people are in this vault", true, out);
    for (size_t i = 0; i < v->count && st == CV_OK; i++)
        st = cv_csv_cell(v->f->dim[v->by[i]].name, false, out);
    for (size_t d = 0; d < v->f->dims && st == CV_OK; d++)
        if (v->at[d] != CV_FIGURES_ALL)
            st = cv_csv_cell(v->f->dim[d].name, false, out);
    st = CV_THEN(st, cv_csv_cell("count", false, out));
    return CV_THEN(st, cv_csv_cell("suppressed", true, out));
}

static cv_status csv_row(const struct cv_figures_view *v, const size_t *at, struct cv_buf *out)
{
    uint64_t count;
    char number[24] = "";
    const bool shown = cv_figures_at(v->f, at, &count);
    cv_status st = CV_OK;
    if (shown)
        (void)snprintf(number, sizeof(number), "%" PRIu64, count);
    for (size_t i = 0; i < v->count && st == CV_OK; i++)
        st = cv_csv_cell(cv_figures_word(v, i, at), false, out);
    for (size_t d = 0; d < v->f->dims && st == CV_OK; d++)
        if (v->at[d] != CV_FIGURES_ALL)
            st = cv_csv_cell(v->f->dim[d].c[v->at[d]].word, false, out);
    st = CV_THEN(st, cv_csv_cell(number, false, out));
    return CV_THEN(st, cv_csv_cell(shown ? "no" : "yes", true, out));
}

cv_status cv_figures_csv(const struct cv_figures_view *v, struct cv_buf *out)
{
    size_t at[CV_SUPPRESS_DIMS];
    cv_status st = csv_head(v, out);
    cv_figures_begin(v, at);
    do
        st = CV_THEN(st, csv_row(v, at, out));
    while (st == CV_OK && cv_figures_next(v, at));
    return st;
}

/* ---- JSON ---- */

static cv_status set_text(struct cv_json *o, const char *name, const char *text)
{
    return cv_json_set(o, name, cv_json_str(text));
}

static cv_status push_cell(const struct cv_figures_view *v, const size_t *at, struct cv_json *cells)
{
    struct cv_json *cell = cv_json_object(), *in = cv_json_object();
    uint64_t count;
    const bool shown = cv_figures_at(v->f, at, &count);
    cv_status st = CV_OK;
    for (size_t i = 0; i < v->count && st == CV_OK; i++)
        if (at[v->by[i]] != CV_FIGURES_ALL)
            st = set_text(in, v->f->dim[v->by[i]].name, cv_figures_word(v, i, at));
    st = CV_THEN(st, cv_json_set(cell, "in", cv_json_ref(in)));
    st = CV_THEN(st, cv_json_set(cell, "count", shown ? cv_json_int((int64_t)count) : cv_json_null()));
    st = CV_THEN(st, cv_json_push(cells, cv_json_ref(cell)));
    cv_json_free(cell);
    cv_json_free(in);
    return st;
}

static cv_status set_dimensions(const struct cv_figures_view *v, struct cv_json *o)
{
    struct cv_json *by = cv_json_array(), *multi = cv_json_array(), *where = cv_json_object();
    cv_status st = CV_OK;
    for (size_t i = 0; i < v->count && st == CV_OK; i++)
        st = cv_json_push(by, cv_json_str(v->f->dim[v->by[i]].name));
    for (size_t d = 0; d < v->f->dims && st == CV_OK; d++) {
        if (v->f->dim[d].multi)
            st = cv_json_push(multi, cv_json_str(v->f->dim[d].name));
        if (v->at[d] != CV_FIGURES_ALL)
            st = CV_THEN(st, set_text(where, v->f->dim[d].name, v->f->dim[d].c[v->at[d]].word));
    }
    st = CV_THEN(st, cv_json_set(o, "by", cv_json_ref(by)));
    st = CV_THEN(st, cv_json_set(o, "where", cv_json_ref(where)));
    st = CV_THEN(st, cv_json_set(o, "several", cv_json_ref(multi)));
    cv_json_free(by);
    cv_json_free(multi);
    cv_json_free(where);
    return st;
}

cv_status cv_figures_json(const struct cv_figures_view *v, struct cv_json **out)
{
    struct cv_json *o = cv_json_object(), *cells = cv_json_array();
    size_t at[CV_SUPPRESS_DIMS], of;
    const size_t hidden = cv_figures_hidden(v, &of);
    *out = NULL;
    cv_status st = set_text(o, "of", v->of);
    st = CV_THEN(st, set_text(o, "made", v->made));
    st = CV_THEN(st, cv_json_set(o, "entry", cv_json_int((int64_t)v->entry)));
    st = CV_THEN(st, cv_json_set(o, "counted", cv_json_int((int64_t)v->f->all)));
    st = CV_THEN(st, cv_json_set(o, "waiting", cv_json_int((int64_t)v->waiting)));
    st = CV_THEN(st, cv_json_set(o, "unread", cv_json_int((int64_t)v->unread)));
    st = CV_THEN(st, cv_json_set(o, "k", cv_json_int((int64_t)v->f->k)));
    st = CV_THEN(st, set_dimensions(v, o));
    st = CV_THEN(st, cv_json_set(o, "suppressed", cv_json_int((int64_t)hidden)));
    cv_figures_begin(v, at);
    do
        st = CV_THEN(st, push_cell(v, at, cells));
    while (st == CV_OK && cv_figures_next(v, at));
    st = CV_THEN(st, cv_json_set(o, "cells", cv_json_ref(cells)));
    cv_json_free(cells);
    if (st == CV_OK)
        *out = o;
    else
        cv_json_free(o);
    return st;
}
