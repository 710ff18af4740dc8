#ifndef CV_FORMATS_REPORT_H
#define CV_FORMATS_REPORT_H

#include "formats/json.h"

/**
 * The report on a period of the access log, for who supervises: one self-contained HTML page (no script,
 * nothing from a network), and the same entries as CSV. Of what is told only once there is one JSON object:
 *   {"vault":<fingerprint>,"training":bool,"made":<datetime>,"by":<pseudonym>,"from":<day>,"to":<day>,
 *    "names":{<pseudonym>:[<name>...]},      what staff records call members
 *    "personal":[<section>...],              sections that only persons and testimony have
 *    "recovered":[<entry>...],"lies":[<entry>...]}  of policies signed by shares; of false erasures
 * The events (docs/FORMAT.md, section 10) come one by one, all of the log, in order; forty bytes are kept of
 * each, and it is read again where a row of it is written. Nothing is believed of any of it.
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

/* Where an event is read again. ${out}: the event with "reason", to be freed. */
struct cv_report_source {
    cv_status (*read)(void *arg, uint64_t entry, struct cv_json **out, struct cv_err *err);
    void *arg;
};

struct cv_report_entry {
    uint64_t index;
    int64_t at;      /* when, since 1970; INT64_MIN: it has no time that can be read */
    uint32_t lists;  /* bit i: it stands in list i */
    uint32_t member; /* who wrote it, whatever it says */
    uint32_t roles;  /* that its author had then: which of role_sets */
    uint8_t group;
    bool within;  /* of the period, by its time; or without one */
    bool reading; /* of records */
    bool forged;  /* in another's name */
    bool refs;    /* it names records that what was written names, */
    bool ties;    /* or ties somebody to some */
    bool kept;    /* its time is believed */
};

struct cv_report_member {
    char *who; /* "-": not said */
    const struct cv_json *names;
    size_t total, groups[CV_REPORT_GROUPS], lists[CV_REPORT_LISTS];
    bool shown;    /* the page has an entry of theirs */
    uint32_t came; /* in which place among all of the log */
};

struct cv_report {
    const struct cv_json *doc;
    struct cv_report_source source;
    const char *from, *to;
    struct cv_report_entry *entries;
    size_t count, room, within;
    struct cv_report_member *members; /* who did most first, and behind them those who are not shown */
    size_t member_count, known;       /* who are; and all of the log */
    struct cv_json *role_sets;        /* arrays of names */
    struct cv_json *roles;            /* array of those that occur */
    size_t lists[CV_REPORT_LISTS];
};

/** cv_report_new(doc, source, out): ${doc}, and what the source points to, must live as long. CV_OK;
 * CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_report_new(const struct cv_json *doc, const struct cv_report_source *source,
                                      struct cv_report *out);
/** cv_report_add(r, entry, event, roles): the next event, with "written_by" in it if it is in another's name;
 * ${roles}: array of those its author had then. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_report_add(struct cv_report *r, uint64_t entry, const struct cv_json *event,
                                      const struct cv_json *roles);
/** cv_report_judge(r, err): count it all, for the period that ${doc} says by now. CV_OK; CV_ERR_FORMAT: it
 * has no period; CV_ERR_NOMEM; as the source. */
CV_MUST_CHECK cv_status cv_report_judge(struct cv_report *r, struct cv_err *err);
void cv_report_free(struct cv_report *r);

/** cv_report_event(r, e, out, err): an entry's event once more, and "written_by" in it if it was forged. As
 * the source. */
CV_MUST_CHECK cv_status cv_report_event(const struct cv_report *r, const struct cv_report_entry *e,
                                        struct cv_json **out, struct cv_err *err);

/** cv_report_word(list): the list's name in CSV, and in the page's links. */
const char *cv_report_word(enum cv_report_list list);

/** cv_report_csv(r, sink, arg, err): as cv_logline_csv, with a column of the lists that an entry stands in;
 * of a training vault after a line that says so. cv_report_page(r, sink, arg, err): the page. Both come in
 * pieces, through ${sink}. CV_OK; as the source, and the sink; CV_ERR_NOMEM; CV_ERR_INTERNAL. */
typedef cv_status (*cv_report_sink)(void *arg, struct cv_bytes piece, struct cv_err *err);
CV_MUST_CHECK cv_status cv_report_csv(const struct cv_report *r, cv_report_sink sink, void *arg,
                                      struct cv_err *err);
CV_MUST_CHECK cv_status cv_report_page(const struct cv_report *r, cv_report_sink sink, void *arg,
                                       struct cv_err *err);

/* The parts of the page, compiled in. */
struct cv_bytes cv_report_template(void);
struct cv_bytes cv_report_css(void);

#endif
