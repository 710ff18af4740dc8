#include "formats/query.h"

#include <stdio.h>
#include <string.h>

#include "formats/date.h"
#include "formats/utf8.h"
#include "formats/words.h"

/* What stands next in the text. */
enum token { END, WORD, PHRASE, OPEN, CLOSE, AND, OR, NOT };

struct parsing {
    struct cv_query *q;
    const char *at; /* behind the token */
    enum token token;
    const char *start;                /* of the token's text */
    size_t n;                         /* bytes of it */
    char field[CV_QUERY_FIELD_BYTES]; /* of a word or phrase */
    size_t depth;
    struct cv_err *err;
};

/* wrong(p, st, why): where, in characters, from 1. */
static cv_status wrong(struct parsing *p, cv_status st, const char *why)
{
    const char *to = p->start != NULL ? p->start : p->at;
    const struct cv_bytes before = CV_BYTES(p->q->text, (size_t)(to - p->q->text));
    return cv_fail(p->err, st, "search terms, at character %zu: %s", cv_utf8_count(before) + 1, _(why));
}

/* ---- tokens ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool ends_word(char c)
{
    return c == '\0' || is_space(c) || c == '(' || c == ')' || c == '"';
}

/* field_of(p): a name and a colon, and something behind it: passed over, and kept. */
static void field_of(struct parsing *p)
{
    size_t n = 0;
    const char *c = p->at;
    p->field[0] = '\0';
    while ((c[n] >= 'a' && c[n] <= 'z') ||
           (n > 0 && ((c[n] >= '0' && c[n] <= '9') || c[n] == '_' || c[n] == '.')))
        n++;
    if (n == 0 || n >= CV_QUERY_FIELD_BYTES || c[n] != ':' || (ends_word(c[n + 1]) && c[n + 1] != '"'))
        return;
    memcpy(p->field, c, n);
    p->field[n] = '\0';
    p->at += n + 1;
}

static cv_status phrase(struct parsing *p)
{
    const char *end = strchr(p->at + 1, '"');
    p->start = p->at;
    if (end == NULL)
        return wrong(p, CV_ERR_ARG, "a quotation mark that is opened here is not closed");
    p->token = PHRASE;
    p->start = p->at + 1;
    p->n = (size_t)(end - p->start);
    p->at = end + 1;
    return CV_OK;
}

/* digits(c): how many bytes a word of digits has; 0 if it is none. */
static size_t digits(const char *c)
{
    size_t n = 0;
    while (c[n] >= '0' && c[n] <= '9')
        n++;
    return ends_word(c[n]) ? n : 0;
}

/* telephone(p): +381 60 123 is one word. */
static void telephone(struct parsing *p)
{
    for (;;) {
        const char *c = p->at;
        while (is_space(*c))
            c++;
        const size_t n = digits(c);
        if (n == 0)
            break;
        p->at = c + n;
    }
    p->n = (size_t)(p->at - p->start);
}

static void word(struct parsing *p)
{
    p->start = p->at;
    while (!ends_word(*p->at))
        p->at++;
    p->n = (size_t)(p->at - p->start);
    p->token = WORD;
    if (*p->start == '+' && p->n > 1 && digits(p->start + 1) == p->n - 1)
        telephone(p);
    if (p->field[0] != '\0')
        return;
    p->token = p->n == 3 && memcmp(p->start, "AND", 3) == 0   ? AND
               : p->n == 2 && memcmp(p->start, "OR", 2) == 0  ? OR
               : p->n == 3 && memcmp(p->start, "NOT", 3) == 0 ? NOT
                                                              : WORD;
}

static cv_status next(struct parsing *p)
{
    while (is_space(*p->at))
        p->at++;
    p->start = p->at;
    p->n = 0;
    p->field[0] = '\0';
    if (*p->at == '\0') {
        p->token = END;
        return CV_OK;
    }
    if (*p->at == '(' || *p->at == ')') {
        p->token = *p->at++ == '(' ? OPEN : CLOSE;
        return CV_OK;
    }
    field_of(p);
    if (*p->at == '"')
        return phrase(p);
    word(p);
    return CV_OK;
}

/* ---- the tree ---- */

static cv_status add(struct parsing *p, enum cv_query_kind kind, size_t left, size_t right, size_t *out)
{
    if (p->q->count == CV_QUERY_NODES)
        return wrong(p, CV_ERR_ARG, "too many words");
    *out = p->q->count++;
    p->q->node[*out] = (struct cv_query_node){ .kind = kind, .left = left, .right = right };
    return CV_OK;
}

/* day(text, n, out): a day, a month or a year; nothing is no bound. */
static bool day(const char *text, size_t n, char out[static 11])
{
    if (n > 10 || (n > 0 && !cv_date_ok(CV_BYTES(text, n), true)))
        return false;
    memcpy(out, text, n);
    out[n] = '\0';
    return true;
}

/* span(p, node): a word with two dots in it. */
static cv_status span(struct parsing *p, const char *dots, struct cv_query_node *node)
{
    const size_t before = (size_t)(dots - p->start), after = p->n - before - 2;
    if (!day(p->start, before, node->from) || !day(dots + 2, after, node->to) || before + after == 0)
        return wrong(p, CV_ERR_ARG, "between two dots stand days that exist, such as 1990..1995-06-30");
    if (node->from[0] != '\0' && node->to[0] != '\0' && strncmp(node->from, node->to, after) > 0)
        return wrong(p, CV_ERR_ARG, "the first day is after the last");
    node->kind = CV_QUERY_SPAN;
    return CV_OK;
}

/* marks_of(p, node): a star or tilde behind it. */
static cv_status marks_of(struct parsing *p, struct cv_query_node *node)
{
    if (p->token == PHRASE) {
        node->opens = *p->at == '*';
        p->at += node->opens ? 1 : 0;
        if (!ends_word(*p->at) || *p->at == '"')
            return wrong(p, CV_ERR_ARG, "behind a quotation mark stands a space");
    } else if (p->n > 1) {
        node->opens = p->start[p->n - 1] == '*';
        node->almost = p->start[p->n - 1] == '~';
        p->n -= node->opens || node->almost ? 1 : 0;
    }
    if (p->token == WORD && (memchr(p->start, '*', p->n) != NULL || memchr(p->start, '~', p->n) != NULL))
        return wrong(p, CV_ERR_ARG, "a star or a tilde stands at the end of a word");
    return CV_OK;
}

/* leaf(p, out): the word or phrase at hand. */
static cv_status leaf(struct parsing *p, size_t *out)
{
    cv_status st = add(p, CV_QUERY_WORDS, 0, 0, out);
    if (st != CV_OK)
        return st;
    struct cv_query_node *node = &p->q->node[*out];
    memcpy(node->field, p->field, sizeof(node->field));
    node->quoted = p->token == PHRASE;
    const char *dots = p->token == WORD ? strstr(p->start, "..") : NULL;
    if (dots != NULL && dots + 2 <= p->start + p->n)
        st = span(p, dots, node);
    else
        st = marks_of(p, node);
    node->text = CV_BYTES(p->start, p->n);
    return CV_THEN(st, next(p));
}

static cv_status query(struct parsing *p, size_t *out);

/* At most CV_QUERY_DEPTH deep. */
static cv_status single(struct parsing *p, size_t *out)
{
    char why[256];
    snprintf(why, sizeof(why), _("more than %d brackets or NOTs within one another"), CV_QUERY_DEPTH);
    cv_status st = ++p->depth > CV_QUERY_DEPTH ? wrong(p, CV_ERR_ARG, why) : CV_OK;
    size_t inner = 0;
    const enum token token = p->token;
    if (st != CV_OK)
        return st;
    if (token == WORD || token == PHRASE)
        st = leaf(p, out);
    else if (token == NOT) {
        st = next(p);
        st = CV_THEN(st, single(p, &inner));
        st = CV_THEN(st, add(p, CV_QUERY_NOT, inner, 0, out));
    } else if (token == OPEN) {
        st = next(p);
        st = CV_THEN(st, query(p, out));
        if (st == CV_OK && p->token != CLOSE)
            st = wrong(p, CV_ERR_ARG, "a bracket is not closed");
        st = CV_THEN(st, next(p));
    } else
        st = wrong(p, CV_ERR_ARG,
                   token == END ? "something to look for is missing" : "here stands a word to look for");
    p->depth--;
    return st;
}

static cv_status joined(struct parsing *p, size_t *out)
{
    cv_status st = single(p, out);
    while (st == CV_OK && (p->token == AND || p->token == NOT || p->token == WORD || p->token == PHRASE ||
                           p->token == OPEN)) {
        size_t right = 0;
        if (p->token == AND)
            st = next(p);
        st = CV_THEN(st, single(p, &right));
        st = CV_THEN(st, add(p, CV_QUERY_AND, *out, right, out));
    }
    return st;
}

static cv_status query(struct parsing *p, size_t *out)
{
    cv_status st = joined(p, out);
    while (st == CV_OK && p->token == OR) {
        size_t right = 0;
        st = next(p);
        st = CV_THEN(st, joined(p, &right));
        st = CV_THEN(st, add(p, CV_QUERY_OR, *out, right, out));
    }
    return st;
}

/* finds(q, at): does it say what is to be found, and not only what is not? */
static bool finds(const struct cv_query *q, size_t at)
{
    const struct cv_query_node *n = &q->node[at];
    switch (n->kind) {
    case CV_QUERY_AND:
        return finds(q, n->left) || finds(q, n->right);
    case CV_QUERY_OR:
        return finds(q, n->left) && finds(q, n->right);
    case CV_QUERY_NOT:
        return false;
    default:
        return true;
    }
}

/* bounded(q): does every NOT stand beside something that finds? A NOT of a NOT does not, and nor does one
 * side of an OR. */
static bool bounded(const struct cv_query *q)
{
    for (size_t i = 0; i < q->count; i++) {
        const struct cv_query_node *n = &q->node[i];
        if ((n->kind == CV_QUERY_OR && !finds(q, i)) || (n->kind == CV_QUERY_NOT && !finds(q, n->left)))
            return false;
    }
    return finds(q, q->root);
}

cv_status cv_query_parse(struct cv_bytes text, struct cv_query *out, struct cv_err *err)
{
    memset(out, 0, sizeof(*out));
    struct parsing p = { .q = out, .at = out->text, .err = err };
    if (text.n > CV_QUERY_MAX_BYTES)
        return cv_fail(err, CV_ERR_ARG, "search terms: longer than %d bytes", CV_QUERY_MAX_BYTES);
    if (!cv_utf8_valid(text) || (text.n > 0 && memchr(text.p, '\0', text.n) != NULL))
        return cv_fail(err, CV_ERR_ARG, "search terms: not UTF-8 text");
    if (text.n > 0)
        memcpy(out->text, text.p, text.n);
    cv_status st = next(&p);
    st = CV_THEN(st, query(&p, &out->root));
    if (st == CV_OK && p.token != END)
        st = wrong(&p, CV_ERR_ARG, "a bracket is closed that was not opened");
    if (st == CV_OK && !bounded(out))
        st = cv_fail(err, CV_ERR_ARG,
                     "search terms: NOT stands beside something that is to be found, as in A NOT B");
    return st;
}
