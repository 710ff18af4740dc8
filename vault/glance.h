#ifndef CV_VAULT_GLANCE_H
#define CV_VAULT_GLANCE_H

#include "vault/head_walk.h"

/**
 * Glances: one section of each of many records, under one event that names them all, or one for
 * every cv_event_named_most of them. What is damaged, erased
 * or not this member's to read is left out, so that one bad entry costs itself alone.
 */
struct cv_glance {
    const char *action, *detail, *reason; /* of the event; detail NULL: none */
    /** The section to look at in a record, or NULL for none. It is asked for twice, and stays the same. */
    const char *(*section)(void *arg, const struct cv_version *of);
    /** Its data, verified; once for each record of which it could be read, in the order of the list. Of a
     * walk, ${of} is good until it returns. */
    cv_status (*take)(void *arg, const struct cv_version *of, const struct cv_json *data);
    void *arg;
    /** NULL; else told of each entry that was damaged, or did not verify. */
    void (*unread)(void *arg, uint64_t entry);
    bool granted; /* also what was granted to this member; else only what their roles open */
};

/** cv_glance(v, g, list, count, err): CV_OK, also if nothing could be read; CV_ERR_ARG if the vault asks why
 * and there is no reason; what ${take} says; CV_ERR_IO; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_glance(struct cv_vault *v, const struct cv_glance *g,
                                  const struct cv_version *const *list, size_t count, struct cv_err *err);

/** cv_glance_under(v, g, event, list, count, err): the same under an event of the caller's, which tells of
 * more than what is looked at, and is written in any case. */
CV_MUST_CHECK cv_status cv_glance_under(struct cv_vault *v, const struct cv_glance *g,
                                        const struct cv_event *event, const struct cv_version *const *list,
                                        size_t count, struct cv_err *err);

/** cv_glance_walk(v, g, walk, err): cv_glance of the versions that a walk comes to. */
CV_MUST_CHECK cv_status cv_glance_walk(struct cv_vault *v, const struct cv_glance *g,
                                       const struct cv_head_walk *walk, struct cv_err *err);

/** cv_glance_walk_under(v, g, event, walk, err): the same under an event of the caller's, as
 * cv_glance_under. */
CV_MUST_CHECK cv_status cv_glance_walk_under(struct cv_vault *v, const struct cv_glance *g,
                                             const struct cv_event *event, const struct cv_head_walk *walk,
                                             struct cv_err *err);

/** cv_glance_type(v, g, type, err): the same of the last version of every record of a type that this member
 * may see, the newest entry last; as cv_record_versions too. */
CV_MUST_CHECK cv_status cv_glance_type(struct cv_vault *v, const struct cv_glance *g, const char *type,
                                       struct cv_err *err);

/* Uses of it. Two give an object, record id -> text, freed by the caller. */

/** cv_record_titles_each(v, walk, reason, fn, arg, err): of each record that has one its title, as below, one
 * after another, in the order of the walk. */
typedef cv_status (*cv_title_fn)(void *arg, const struct cv_version *of, struct cv_bytes title);
CV_MUST_CHECK cv_status cv_record_titles_each(struct cv_vault *v, const struct cv_head_walk *walk,
                                              const char *reason, cv_title_fn fn, void *arg,
                                              struct cv_err *err);

/** cv_record_titles(v, walk, reason, out, err): by what a person tells these records apart (their
 * template's title fields); without those that have none. Statuses as cv_glance. */
CV_MUST_CHECK cv_status cv_record_titles(struct cv_vault *v, const struct cv_head_walk *walk,
                                         const char *reason, struct cv_json **out, struct cv_err *err);

/** cv_title_put(template, of, data, titles): for those who look at more: the title fields of a record in its
 * section's ${data}, with a space between, into ${titles}. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_title_put(const struct cv_template *template, const struct cv_version *of,
                                     const struct cv_json *data, struct cv_json *titles);

/** cv_record_due(v, walk, reason, out, err): since which day (YYYY-MM-DD) records need not be kept any
 * more, by the retention of their types; ${walk} is past the last version of every record, since one's day
 * may depend on another's. Only those whose day has come. Statuses as cv_glance. */
CV_MUST_CHECK cv_status cv_record_due(struct cv_vault *v, const struct cv_head_walk *walk, const char *reason,
                                      struct cv_json **out, struct cv_err *err);

#endif
