#ifndef CV_FORMATS_LOGLINE_H
#define CV_FORMATS_LOGLINE_H

#include "formats/json.h"

/**
 * Events (docs/FORMAT.md, section 10) as lines for people and spreadsheets. ${event} and ${text} are as
 * cv_audit_events gives them: the body, and {"reason"} or NULL; both may say what casevault would not write.
 */

/** cv_logline_get(event, name): a text member; "-" where there is none. */
const char *cv_logline_get(const struct cv_json *event, const char *name);
/** cv_logline_is(event, name, want): does the member hold this text? */
bool cv_logline_is(const struct cv_json *event, const char *name, const char *want);
/** cv_logline_concerns(event, id): is it about this record, alone or among others? */
bool cv_logline_concerns(const struct cv_json *event, const char *id);
/** cv_logline_record(event): the one record it is about, or NULL. */
const char *cv_logline_record(const struct cv_json *event);
/** cv_logline_leaves(action): export, disclose, agree, package, basis: of what leaves, or is to leave. */
bool cv_logline_leaves(const char *action);

/** cv_logline_bound(text, end, out): a day or a datetime as the first (or at the ${end}: the last) second it
 * means. False if it is neither. */
#define CV_LOGLINE_TIME_BYTES 21 /* with a NUL */
bool cv_logline_bound(const char *text, bool end, char out[static CV_LOGLINE_TIME_BYTES]);
/** cv_logline_dated(event): has it a time that can be read? */
bool cv_logline_dated(const struct cv_json *event);
/** cv_logline_within(event, since, until): is its time between these, both included, NULL for none? One
 * without a time that can be read always is: nobody gets out of sight by writing none. */
bool cv_logline_within(const struct cv_json *event, const char *since, const char *until);

/** cv_logline_what(event, out): append to what stands in ${out} what was done, in one line: version, how
 * many records, sections, detail, and by whom it was forged: as it is kept, in English. cv_logline_say: the
 * same in the reader's language. */
CV_MUST_CHECK cv_status cv_logline_what(const struct cv_json *event, struct cv_buf *out);
CV_MUST_CHECK cv_status cv_logline_say(const struct cv_json *event, struct cv_buf *out);

/** cv_logline_detail(detail, out): append it in the reader's language, if it is something that casevault
 * writes; else as it stands. cv_logline_reason: the same of a reason, before which casevault may have put
 * that it is a legal basis. */
CV_MUST_CHECK cv_status cv_logline_detail(const char *detail, struct cv_buf *out);
CV_MUST_CHECK cv_status cv_logline_reason(const char *reason, struct cv_buf *out);

/* What an event can say that was done, and what that means, for people (English: translate it where it is
 * shown). The last has no action. */
struct cv_logline_action {
    const char *action, *means;
};
extern const struct cv_logline_action cv_logline_actions[];

/** cv_logline_names(names, out): append what a member is called: all names, where records disagree. */
CV_MUST_CHECK cv_status cv_logline_names(const struct cv_json *names, struct cv_buf *out);

/** cv_logline_csv_head(more, out): append the row of names; ${more} is one more column's, or NULL.
 * cv_logline_csv(index, event, text, name, more, out): the row of one event; ${name} is the member's. Cells
 * as cv_csv_cell makes them. */
CV_MUST_CHECK cv_status cv_logline_csv_head(const char *more, struct cv_buf *out);
CV_MUST_CHECK cv_status cv_logline_csv(uint64_t index, const struct cv_json *event,
                                       const struct cv_json *text, const char *name, const char *more,
                                       struct cv_buf *out);

#endif
