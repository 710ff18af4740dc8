#ifndef CV_FORMATS_QUERY_H
#define CV_FORMATS_QUERY_H

#include "crypto/bytes.h"
#include "formats/err.h"

/**
 * What somebody looks for, as a tree. Words stand for themselves; all of them must be met unless OR stands
 * between them.
 *
 *   query   = and *( "OR" and )
 *   and     = not *( [ "AND" ] not )
 *   not     = "NOT" not / "(" query ")" / [ field ":" ] value
 *   value   = word [ "*" / "~" ] / DQUOTE text DQUOTE [ "*" ] / day ".." / ".." day / day ".." day
 *
 * The operators are in capitals. A star stands for what may follow; a tilde asks for names that are spelled
 * almost so. A day may be partial, and is then all days that it covers. A number that begins with a plus goes
 * on over spaces: it is a telephone's. NOT must stand beside something that is to be found.
 */
#define CV_QUERY_MAX_BYTES 1000
#define CV_QUERY_NODES 64
#define CV_QUERY_DEPTH 16
#define CV_QUERY_FIELD_BYTES 70

enum cv_query_kind { CV_QUERY_WORDS, CV_QUERY_SPAN, CV_QUERY_AND, CV_QUERY_OR, CV_QUERY_NOT };

struct cv_query_node {
    enum cv_query_kind kind;
    size_t left, right;               /* of AND and OR; NOT has left alone */
    char field[CV_QUERY_FIELD_BYTES]; /* empty: any */
    struct cv_bytes text;             /* of WORDS: a view into the query's own text */
    bool quoted, opens, almost;       /* a phrase; with a star; with a tilde */
    char from[11], to[11];            /* of SPAN: days, perhaps partial; empty: no bound */
};

struct cv_query {
    char text[CV_QUERY_MAX_BYTES + 1];
    struct cv_query_node node[CV_QUERY_NODES];
    size_t count, root;
};

/** cv_query_parse(text, out, err): CV_OK; CV_ERR_ARG telling what is wrong, and behind which character.
 * The tree points into ${out}, which is not to be moved. */
CV_MUST_CHECK cv_status cv_query_parse(struct cv_bytes text, struct cv_query *out, struct cv_err *err);

#endif
