#include "formats/tally.h"

#include <stdlib.h>
#include <string.h>

#define RAW_MAX 256 /* different values of a field; what comes later goes with what is not said */
#define RAW_SETS (RAW_MAX / 64)
#define NOT_SAID 0
#define KINDS_MAX ((size_t)1 << 24)

/* The values that occur, and how often. */
struct values {
    char word[RAW_MAX][CV_FIGURES_WORD_BYTES];
    uint64_t count[RAW_MAX];
    size_t n;
};

/* Persons of whom the same is said: which values of each field, bits; and how many they are. */
struct kind {
    uint64_t in[CV_SUPPRESS_DIMS][RAW_SETS];
    uint64_t persons;
};

struct cv_tally {
    struct cv_tally_field fields[CV_SUPPRESS_DIMS];
    struct values values[CV_SUPPRESS_DIMS];
    size_t dims, count;
    struct kind *kinds;
    size_t kind_count, room;
};

/* ---- persons ---- */

static void add_word(struct values *v, const char *word)
{
    memcpy(v->word[v->n++], word, strlen(word) + 1);
}

cv_status cv_tally_new(const struct cv_tally_field *fields, size_t count, struct cv_tally **out)
{
    struct cv_tally *t = calloc(1, sizeof(*t));
    *out = t;
    if (t == NULL)
        return CV_ERR_NOMEM;
    t->dims = count;
    for (size_t d = 0; d < count; d++) {
        t->fields[d] = fields[d];
        add_word(&t->values[d], CV_FIGURES_NOT_SAID);
        for (size_t i = 0; i < cv_json_len(fields[d].words) && t->values[d].n < RAW_MAX; i++) {
            const char *word = cv_json_cstr(cv_json_at(fields[d].words, i));
            if (word != NULL && strlen(word) < CV_FIGURES_WORD_BYTES)
                add_word(&t->values[d], word);
        }
    }
    return CV_OK;
}

void cv_tally_free(struct cv_tally *t)
{
    if (t == NULL)
        return;
    free(t->kinds);
    free(t);
}

uint64_t cv_tally_persons(const struct cv_tally *t)
{
    return t->count;
}

/* is_code(word): a country or a year, as far as a record can hold one. */
static bool is_code(const char *word)
{
    const size_t n = strlen(word);
    return (n == 2 && strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 2) ||
           (n == 4 && strspn(word, "0123456789") == 4);
}

/* value_of(t, d, word): which value it is; one that no field can hold is as if it was not said. */
static size_t value_of(struct cv_tally *t, size_t d, const char *word)
{
    struct values *v = &t->values[d];
    if (word == NULL)
        return NOT_SAID;
    for (size_t i = 1; i < v->n; i++)
        if (strcmp(v->word[i], word) == 0)
            return i;
    if (t->fields[d].words != NULL || v->n == RAW_MAX || !is_code(word))
        return NOT_SAID;
    add_word(v, word);
    return v->n - 1;
}

static int by_values(const void *a, const void *b)
{
    const struct kind *x = a, *y = b;
    return memcmp(x->in, y->in, sizeof(x->in));
}

/* settle(t): of those who are alike one stays, with their number. */
static void settle(struct cv_tally *t)
{
    size_t kept = 0;
    if (t->kind_count > 0)
        qsort(t->kinds, t->kind_count, sizeof(*t->kinds), by_values);
    for (size_t i = 0; i < t->kind_count; i++)
        if (kept > 0 && by_values(&t->kinds[kept - 1], &t->kinds[i]) == 0)
            t->kinds[kept - 1].persons += t->kinds[i].persons;
        else
            t->kinds[kept++] = t->kinds[i];
    t->kind_count = kept;
}

/* make_place(t): for one more kind; those that are alike are put together before more room is taken. */
static cv_status make_place(struct cv_tally *t)
{
    if (t->kind_count < t->room)
        return CV_OK;
    settle(t);
    if (t->kind_count < t->room / 2)
        return CV_OK;
    const size_t room = t->room == 0 ? 256 : 2 * t->room;
    struct kind *more = room > KINDS_MAX ? NULL : realloc(t->kinds, room * sizeof(*more));
    if (more == NULL)
        return room > KINDS_MAX ? CV_ERR_LIMIT : CV_ERR_NOMEM;
    t->kinds = more;
    t->room = room;
    return CV_OK;
}

cv_status cv_tally_add(struct cv_tally *t, const struct cv_json *data)
{
    const cv_status st = make_place(t);
    if (st != CV_OK)
        return st;
    struct kind *p = &t->kinds[t->kind_count++];
    *p = (struct kind){ .persons = 1 };
    t->count++;
    for (size_t d = 0; d < t->dims; d++) {
        const struct cv_json *value = cv_json_get(data, t->fields[d].field);
        const bool list = t->fields[d].multi;
        size_t known = 0;
        for (size_t i = 0; i < (!list ? 1 : cv_json_is(value, CV_JSON_ARRAY) ? cv_json_len(value) : 0); i++) {
            const size_t at = value_of(t, d, cv_json_cstr(list ? cv_json_at(value, i) : value));
            p->in[d][at / 64] |= at == NOT_SAID ? 0 : (uint64_t)1 << (at % 64);
            known += at != NOT_SAID;
        }
        if (known == 0)
            p->in[d][0] |= (uint64_t)1 << NOT_SAID;
    }
    return CV_OK;
}

/* ---- categories ---- */

static bool has(const struct kind *p, size_t d, size_t value)
{
    return (p->in[d][value / 64] >> (value % 64) & 1) != 0;
}

static void count_values(const struct cv_tally *t, size_t d, uint64_t count[static RAW_MAX])
{
    memset(count, 0, RAW_MAX * sizeof(*count));
    for (size_t i = 0; i < t->kind_count; i++)
        for (size_t v = 0; v < t->values[d].n; v++)
            count[v] += has(&t->kinds[i], d, v) ? t->kinds[i].persons : 0;
}

/* pool(t, d, k, count, pooled): as cv_suppress_pool, and the rarest besides, where they are too many to show.
 */
static void pool(const struct cv_tally *t, size_t d, uint64_t k, const uint64_t *count, bool *pooled)
{
    const size_t n = t->values[d].n;
    cv_suppress_pool(count, n, t->count, t->fields[d].multi, k, pooled);
    for (;;) {
        size_t shown = 0, rarest = n;
        for (size_t i = 0; i < n; i++)
            if (!pooled[i] && count[i] > 0) {
                shown++;
                if (rarest == n || count[i] < count[rarest])
                    rarest = i;
            }
        if (shown < CV_SUPPRESS_CATEGORIES)
            return;
        pooled[rarest] = true;
    }
}

static int by_word(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* order_of(t, d, out): the values as they are shown: those of a list in its order, others by their letters;
 * not said comes last. */
static void order_of(const struct cv_tally *t, size_t d, size_t out[static RAW_MAX])
{
    const struct values *v = &t->values[d];
    const char *words[RAW_MAX];
    for (size_t i = 1; i < v->n; i++)
        words[i - 1] = v->word[i];
    if (t->fields[d].words == NULL)
        qsort(words, v->n - 1, sizeof(*words), by_word);
    for (size_t i = 1; i < v->n; i++)
        out[i - 1] = (size_t)(words[i - 1] - v->word[0]) / CV_FIGURES_WORD_BYTES;
    out[v->n - 1] = NOT_SAID;
}

static void put_category(struct cv_figures_dimension *f, size_t at, const char *word, uint64_t count)
{
    memcpy(f->c[at].word, word, strlen(word) + 1);
    f->c[at].count = count;
}

/* categories(t, d, k, f, of): what is shown of a dimension, and in which category each value is
 * (CV_SUPPRESS_NONE: nobody has it). */
static void categories(const struct cv_tally *t, size_t d, uint64_t k, struct cv_figures_dimension *f,
                       size_t of[static RAW_MAX])
{
    uint64_t count[RAW_MAX];
    bool pooled[RAW_MAX] = { false }, any = false;
    size_t order[RAW_MAX];
    const struct values *v = &t->values[d];
    count_values(t, d, count);
    pool(t, d, k, count, pooled);
    order_of(t, d, order);
    *f = (struct cv_figures_dimension){ .name = t->fields[d].name,
                                        .label = t->fields[d].label,
                                        .multi = t->fields[d].multi };
    for (size_t i = 0; i < v->n; i++) {
        const size_t value = order[i];
        any |= pooled[value];
        of[value] = CV_SUPPRESS_NONE;
        if (pooled[value] || count[value] == 0)
            continue;
        of[value] = f->n;
        put_category(f, f->n++, v->word[value], count[value]);
    }
    f->others = any ? f->n : CV_SUPPRESS_NONE;
    if (any)
        put_category(f, f->n++, CV_FIGURES_OTHERS, 0);
    for (size_t i = 0; i < v->n; i++)
        if (pooled[i])
            of[i] = f->others;
    for (size_t i = 0; i < v->n && t->fields[d].words != NULL; i++)
        if (!pooled[order[i]] && count[order[i]] == 0 && order[i] != NOT_SAID &&
            f->n + f->empty < CV_SUPPRESS_CATEGORIES)
            put_category(f, f->n + f->empty++, v->word[order[i]], 0);
}

/* ---- the table ---- */

/* size_of(f, d): a dimension that is not there has one category. */
static size_t size_of(const struct cv_figures *f, size_t d)
{
    return d < f->dims ? f->dim[d].n : 1;
}

/* in_categories(t, d, p, of): bits. */
static uint64_t in_categories(const struct cv_tally *t, size_t d, const struct kind *p, const size_t *of)
{
    uint64_t bits = 0;
    if (d >= t->dims)
        return 1;
    for (size_t v = 0; v < t->values[d].n; v++)
        if (of[v] != CV_SUPPRESS_NONE && has(p, d, v))
            bits |= (uint64_t)1 << of[v];
    return bits;
}

static void count_pair(struct cv_figures *f, size_t d, const uint64_t in[static CV_SUPPRESS_DIMS],
                       uint64_t persons)
{
    const size_t p = cv_suppress_sides[d][0], q = cv_suppress_sides[d][1], n = size_of(f, q);
    for (size_t i = 0; i < size_of(f, p); i++)
        for (size_t j = 0; j < n && (in[p] >> i & 1) != 0; j++)
            f->two[d][i * n + j] += (in[q] >> j & 1) * persons;
}

static void count_triple(struct cv_figures *f, const uint64_t in[static CV_SUPPRESS_DIMS], uint64_t persons)
{
    const size_t n1 = size_of(f, 1), n2 = size_of(f, 2);
    for (size_t i = 0; i < size_of(f, 0); i++)
        for (size_t j = 0; j < n1 && (in[0] >> i & 1) != 0; j++)
            for (size_t l = 0; l < n2 && (in[1] >> j & 1) != 0; l++)
                f->three[(i * n1 + j) * n2 + l] += (in[2] >> l & 1) * persons;
}

static void count_all(const struct cv_tally *t, struct cv_figures *f, size_t (*of)[RAW_MAX])
{
    for (size_t i = 0; i < t->kind_count; i++) {
        const uint64_t persons = t->kinds[i].persons;
        uint64_t in[CV_SUPPRESS_DIMS];
        for (size_t d = 0; d < CV_SUPPRESS_DIMS; d++)
            in[d] = in_categories(t, d, &t->kinds[i], of[d]);
        for (size_t d = 0; d < f->dims; d++)
            if (f->dim[d].others != CV_SUPPRESS_NONE)
                f->dim[d].c[f->dim[d].others].count += (in[d] >> f->dim[d].others & 1) * persons;
        for (size_t d = 0; d < CV_SUPPRESS_DIMS && f->dims > 1; d++)
            if (f->dims == 3 || d == 2)
                count_pair(f, d, in, persons);
        if (f->dims == 3)
            count_triple(f, in, persons);
    }
}

static cv_status make_room(struct cv_figures *f)
{
    const size_t cells = size_of(f, 0) * size_of(f, 1) * size_of(f, 2);
    f->three = calloc(cells + 1, sizeof(*f->three));
    f->hide_three = calloc(cells + 1, sizeof(*f->hide_three));
    cv_status st = f->three == NULL || f->hide_three == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t d = 0; d < CV_SUPPRESS_DIMS && st == CV_OK; d++) {
        const size_t pairs = size_of(f, cv_suppress_sides[d][0]) * size_of(f, cv_suppress_sides[d][1]);
        f->two[d] = calloc(pairs + 1, sizeof(*f->two[d]));
        f->hide_two[d] = calloc(pairs + 1, sizeof(*f->hide_two[d]));
        st = f->two[d] == NULL || f->hide_two[d] == NULL ? CV_ERR_NOMEM : CV_OK;
    }
    return st;
}

static cv_status hide(struct cv_figures *f, struct cv_err *err)
{
    uint64_t one[CV_SUPPRESS_DIMS][CV_SUPPRESS_CATEGORIES] = { 0 };
    struct cv_suppress t = {
        .dims = f->dims, .k = f->k, .all = f->all, .three = f->three, .hide_three = f->hide_three
    };
    for (size_t d = 0; d < CV_SUPPRESS_DIMS; d++) {
        const bool there = d < f->dims;
        t.n[d] = size_of(f, d);
        t.multi[d] = there && f->dim[d].multi;
        t.veiled[d] = t.multi[d] ? f->dim[d].others : CV_SUPPRESS_NONE;
        one[d][0] = f->all;
        for (size_t i = 0; there && i < f->dim[d].n; i++)
            one[d][i] = f->dim[d].c[i].count;
        t.one[d] = one[d];
        t.two[d] = f->two[d];
        t.hide_two[d] = f->hide_two[d];
    }
    const cv_status st = f->dims > 1 ? cv_suppress_table(&t) : CV_OK;
    if (st == CV_ERR_LIMIT)
        return cv_fail(
            err, st,
            "this table would have %zu cells, more than %d: count by fewer, or by such as have fewer "
            "values",
            t.n[0] * t.n[1] * t.n[2], CV_SUPPRESS_CELLS_MAX);
    return st;
}

cv_status cv_tally_figures(const struct cv_tally *t, uint64_t k, struct cv_figures *out, struct cv_err *err)
{
    size_t(*of)[RAW_MAX] = calloc(CV_SUPPRESS_DIMS, sizeof(*of));
    struct cv_figures f = { .dims = t->dims, .all = t->count, .k = k };
    *out = (struct cv_figures){ 0 };
    if (of == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "statistics: out of memory");
    for (size_t d = 0; d < t->dims; d++)
        categories(t, d, k, &f.dim[d], of[d]);
    cv_status st = size_of(&f, 0) * size_of(&f, 1) * size_of(&f, 2) > CV_SUPPRESS_CELLS_MAX ? hide(&f, err)
                                                                                            : make_room(&f);
    if (st == CV_OK)
        count_all(t, &f, of);
    st = CV_THEN(st, hide(&f, err));
    free(of);
    if (st == CV_OK)
        *out = f;
    else
        cv_figures_free(&f);
    return cv_err_note(err, st, "statistics");
}

void cv_figures_free(struct cv_figures *f)
{
    free(f->three);
    free(f->hide_three);
    for (size_t d = 0; d < CV_SUPPRESS_DIMS; d++) {
        free(f->two[d]);
        free(f->hide_two[d]);
    }
    *f = (struct cv_figures){ 0 };
}

bool cv_figures_at(const struct cv_figures *f, const size_t at[static CV_SUPPRESS_DIMS], uint64_t *count)
{
    size_t of[CV_SUPPRESS_DIMS], n = 0;
    bool hidden = false;
    *count = 0;
    for (size_t d = 0; d < f->dims; d++)
        if (at[d] != CV_FIGURES_ALL) {
            of[n++] = d;
            hidden = hidden || (f->dim[d].multi && at[d] == f->dim[d].others);
        }
    if (n == 0)
        *count = f->all;
    else if (n == 1)
        *count = f->dim[of[0]].c[at[of[0]]].count;
    else if (n == 2) {
        const size_t d = (size_t)3 - of[0] - of[1], cell = at[of[0]] * size_of(f, of[1]) + at[of[1]];
        hidden = hidden || f->hide_two[d][cell];
        *count = f->two[d][cell];
    } else {
        const size_t cell = (at[0] * size_of(f, 1) + at[1]) * size_of(f, 2) + at[2];
        hidden = hidden || f->hide_three[cell];
        *count = f->three[cell];
    }
    hidden = hidden || (*count > 0 && *count < f->k);
    *count = hidden ? 0 : *count;
    return !hidden;
}
