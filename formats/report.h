#ifndef CV_FORMATS_REPORT_H
#define CV_FORMATS_REPORT_H

#include "formats/json.h"

/**
 * The report on a period of the access log, for who supervises: one self-contained HTML page (no script,
 * nothing from a network), and the same entries as CSV. Made of one JSON object, of which nothing is
 * believed:
 *   {"vault":<fingerprint>,"training":bool,"made":<datetime>,"by":<pseudonym>,"from":<day>,"to":<day>,
 *    "names":{<pseudonym>:[<name>...]},      what staff records call members
 *    "personal":[<section>...],              sections that only persons and testimony have
 *    "recovered":[<entry>...],"lies":[<entry>...],  of policies signed by shares; of false erasures
 *    "events":[...]}                         all of the log, in order: the event (docs/FORMAT.md, section 10)
 *                                            with "entry", "reason", "written_by", and "roles", those its
 *                                            author held then
 */
enum cv_report_group {
    CV_REPORT_READ,
    CV_REPORT_WRITTEN,
    CV_REPORT_LEAVING,
    CV_REPORT_REFUSED,
    CV_REPORT_OTHER,
    CV_REPORT_GROUPS
};

/* What the page has a list of; in the order in which they stand there. */
enum cv_report_list {
    CV_REPORT_RECOVERY,
    CV_REPORT_FORGED,
    CV_REPORT_UNREADABLE,
    CV_REPORT_CLOCK,
    CV_REPORT_BASIS,
    CV_REPORT_REFUSALS,
    CV_REPORT_UNTIED,
    CV_REPORT_PERSONAL,
    CV_REPORT_HOURS,
    CV_REPORT_BULK,
    CV_REPORT_EXPORTS,
    CV_REPORT_POLICY,
    CV_REPORT_APPROVALS,
    CV_REPORT_GRANTS,
    CV_REPORT_ERASURES,
    CV_REPORT_LISTS
};
#define CV_REPORT_MANY_IDS 50    /* one act on more records than that is a bulk read, */
#define CV_REPORT_MANY_READS 100 /* and so are more reads than that by one member on one day */

struct cv_report_entry {
    const struct cv_json *event;
    uint64_t index;
    const char *who, *time, *action; /* who wrote it, whatever it says; "-": not said */
    size_t member;
    enum cv_report_group group;
    bool within;    /* of the period, by its time; or without one */
    bool reading;   /* of records */
    uint32_t lists; /* bit i: it stands in list i */
};

struct cv_report_member {
    const char *who;
    const struct cv_json *names;
    size_t total, groups[CV_REPORT_GROUPS], lists[CV_REPORT_LISTS];
};

struct cv_report {
    const struct cv_json *doc;
    const char *from, *to;
    struct cv_report_entry *entries;
    size_t count, within;
    struct cv_report_member *members; /* who did most first */
    size_t member_count;
    struct cv_json *roles; /* array of those that occur */
    size_t lists[CV_REPORT_LISTS];
};

/** cv_report_new(doc, out, err): count it all; ${doc} must live as long. CV_OK; CV_ERR_FORMAT: it has no
 * period or no events; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_report_new(const struct cv_json *doc, struct cv_report *out, struct cv_err *err);
void cv_report_free(struct cv_report *r);

/** cv_report_word(list): the list's name in CSV, and in the page's links. */
const char *cv_report_word(enum cv_report_list list);

/** cv_report_csv(r, out): append as cv_logline_csv, with a column of the lists that an entry stands in; of a
 * training vault after a line that says so.
 * cv_report_page(r, out): append the page. CV_OK; CV_ERR_LIMIT; CV_ERR_NOMEM; CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_report_csv(const struct cv_report *r, struct cv_buf *out);
CV_MUST_CHECK cv_status cv_report_page(const struct cv_report *r, struct cv_buf *out);

/* The parts of the page, compiled in. */
struct cv_bytes cv_report_template(void);
struct cv_bytes cv_report_css(void);

#endif
