#ifndef CV_FORMATS_REPORT_PUT_H
#define CV_FORMATS_REPORT_PUT_H

#include "formats/date.h"
#include "formats/report.h"

/* Inside of the page of a report: what its parts (report_put.c, report_tell.c, report_about.c,
 * report_chart.c, report_page.c) give each other. */

struct cv_report_out {
    const struct cv_report *r; /* NULL on a page of something else */
    struct cv_buf *out;
    cv_status st;        /* the first that failed; nothing is put after it */
    cv_report_sink sink; /* takes what ${out} has, piece by piece; NULL: it stays there */
    void *arg;
    struct cv_err *err; /* of the sink, and of reading events; NULL: nobody asks */
    bool plain;         /* where markup would be read as text: in a title */
};

/* A page: its template, with @LANG@, @CSS@, @CSS_HASH@, @TITLE@, @SKIP@ and @BODY@ in it, and what stands
 * there. Its language is the reader's (formats/words.h): nothing compares it, signs it or reads it back. */
struct cv_report_parts {
    struct cv_bytes page, css;
    const char *skip; /* to what to skip, */
    const char *foot; /* and below each printed sheet, NULL: nothing; both English */
    void (*title)(struct cv_report_out *p, const void *arg);
    void (*body)(struct cv_report_out *p, const void *arg);
    const void *arg;
};
/** cv_report_put_page(p, parts): CV_OK; CV_ERR_LIMIT; CV_ERR_NOMEM; CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_report_put_page(struct cv_report_out *p, const struct cv_report_parts *parts);

/** PUTF(p, fmt, ...): markup with numbers, and with what was checked or is a literal; never what the log
 * says. */
#define PUTF(p, ...) ((p)->st = CV_THEN((p)->st, cv_buf_printf((p)->out, __VA_ARGS__)))
/** cv_report_put_out(p, most): give what was put to the sink, if it is more than ${most} bytes. */
void cv_report_put_out(struct cv_report_out *p, size_t most);
/** cv_report_put(p, html): a literal. */
void cv_report_put(struct cv_report_out *p, const char *html);
/** cv_report_put_count(p, n), cv_report_put_day(p, iso), cv_report_put_moment(p, iso): how many, and when, as
 * the reader's locale writes it. */
void cv_report_put_count(struct cv_report_out *p, uint64_t n);
void cv_report_put_day(struct cv_report_out *p, const char *iso);
void cv_report_put_moment(struct cv_report_out *p, const char *iso);
/** cv_report_tell(p, english): a text of ours, in the reader's language; what stands between ` is code, what
 * stands between * strong, and all else text. cv_report_tellf: a format, with numbers and words of ours.
 * cv_report_tell_n: the same in the form that goes with ${n}. cv_report_tell_of: with "%s" only, four at
 * most, for what the log or a template says: put as cv_report_put_text does. */
void cv_report_tell(struct cv_report_out *p, const char *english);
__attribute__((format(printf, 2, 3))) void cv_report_tellf(struct cv_report_out *p, const char *english, ...);
__attribute__((format(printf, 3, 5), format(printf, 4, 5))) void
cv_report_tell_n(struct cv_report_out *p, uint64_t n, const char *one, const char *many, ...);
__attribute__((format(printf, 2, 3))) void cv_report_tell_of(struct cv_report_out *p, const char *english,
                                                             ...);
/** cv_report_put_bytes(p, text): as text and nothing else: no markup, nothing that steers, nothing invisible.
 * cv_report_put_text(p, text): the same, with a direction of its own. */
void cv_report_put_bytes(struct cv_report_out *p, struct cv_bytes text);
void cv_report_put_text(struct cv_report_out *p, const char *text);
/** cv_report_put_link(p, n, id, at): a number that leads to the list of what it counts, #id-at, or #id where
 * ${at} is SIZE_MAX; 0 leads nowhere. */
void cv_report_put_link(struct cv_report_out *p, size_t n, const char *id, size_t at);
void cv_report_put_names(struct cv_report_out *p, const struct cv_json *names);

/** cv_report_put_rows, _end: begin and end a table of entries. cv_report_put_row(p, e, whole): one of them;
 * ${whole}: here is where the other rows of this entry lead. */
void cv_report_put_rows(struct cv_report_out *p);
void cv_report_put_row(struct cv_report_out *p, const struct cv_report_entry *e, bool whole);
void cv_report_put_end(struct cv_report_out *p);

/** cv_report_put_training(p, is): over the page of a training vault, that it is one. */
void cv_report_put_training(struct cv_report_out *p, bool is);

/* The lists, in English: translated where they are shown. */
struct cv_report_about {
    const char *title, *note;
    bool by_member, grave;
};
extern const struct cv_report_about cv_report_abouts[CV_REPORT_LISTS];
/** cv_report_about_note(p, list): what stands in it. cv_report_about_unknown(p): a section on what no list
 * tells. cv_report_about_words(p): a section on what stands under Did, as it is typed for a filter. */
void cv_report_about_note(struct cv_report_out *p, enum cv_report_list list);
void cv_report_about_unknown(struct cv_report_out *p);
void cv_report_about_words(struct cv_report_out *p);

struct cv_report_group_word {
    const char *word, *label;
};
extern const struct cv_report_group_word cv_report_groups[CV_REPORT_GROUPS];

/* Days, or where they are too many months, or years. */
#define CV_REPORT_BUCKETS_MAX 62
struct cv_report_bucket {
    char key[CV_DATE_BYTES];
    size_t counts[CV_REPORT_GROUPS], all;
    bool weekend;
};
struct cv_report_buckets {
    struct cv_report_bucket b[CV_REPORT_BUCKETS_MAX];
    size_t n, chars;
};
/** cv_report_chart_cut(r, out): the period in days, and how much was done on each.
 * cv_report_chart_place(b, e): the entry's; b->n if it has no time that can be read. */
void cv_report_chart_cut(const struct cv_report *r, struct cv_report_buckets *out);
size_t cv_report_chart_place(const struct cv_report_buckets *b, const struct cv_report_entry *e);

/** cv_report_chart_role(r, i): the i-th role that occurs; NULL past the end, for who had none.
 * cv_report_chart_in_role(r, e, role): had its author that role then (NULL: none)?
 * cv_report_chart_count(r, i, counts): how many entries a role has, and of which groups. */
const char *cv_report_chart_role(const struct cv_report *r, size_t i);
bool cv_report_chart_in_role(const struct cv_report *r, const struct cv_report_entry *e, const char *role);
size_t cv_report_chart_count(const struct cv_report *r, size_t i, size_t counts[static CV_REPORT_GROUPS]);

/* Of so many at a time: 32,768, or fewer in tests. */
extern size_t cv_report_lot;
/** cv_report_many(p, m): how many records a member read of those that are persons' and testimony. */
size_t cv_report_many(struct cv_report_out *p, size_t m);

/* The charts, with the patterns that tell groups apart without colour. */
void cv_report_chart_patterns(struct cv_report_out *p);
void cv_report_chart_legend(struct cv_report_out *p);
void cv_report_chart_members(struct cv_report_out *p);
void cv_report_chart_roles(struct cv_report_out *p);
void cv_report_chart_days(struct cv_report_out *p, const struct cv_report_buckets *b);

#endif
