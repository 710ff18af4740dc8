#ifndef CV_VAULT_EVENT_H
#define CV_VAULT_EVENT_H

#include "vault/vault.h"

/**
 * The access log's content: who did what to which record, when and why. An event is an entry like a record:
 * the part `event` holds
 *   {"time","member","action","record","version","sections","ids","refs","detail"} (what does not apply is
 * left out) sealed to the section `audit` with no release key and padded to 1,024 bytes; free text (reason,
 * terms) is a part of its own, `text`, {"reason","terms"}, under a release key: that of the version the event
 * is about, so that erasing it erases what was said of it, or one of its own.
 */
struct cv_event {
    const char *action;             /* create, edit, read, list, import, export, refused, policy, log, ... */
    const char *record;             /* id as text; NULL */
    uint64_t version;               /* 0: does not apply */
    const struct cv_json *sections; /* array of names; NULL */
    const struct cv_json *ids;      /* array of ids, of a bulk act; NULL */
    struct cv_bytes named;          /* ids, CV_ID_BYTES each, in place of ids; empty */
    const struct cv_json *refs;     /* array of ids, of cases and persons that what was written names; NULL */
    const char *detail;             /* plain words of the program, no content; NULL */
    const char *reason;             /* what the member gave; NULL */
    const char *terms;              /* what was searched for; NULL */
    uint64_t slot;                  /* whose release key the reason is under; 0: one of its own */
};

/* With more records than that, 4,000 or fewer in tests, an act on many is told by several events, one after
 * another, each durable before anything of what it names is opened: nobody has to hold more, not even who
 * reads the log. */
extern size_t cv_event_named_most;

/** cv_event_add(v, event, err): inside a commit. */
CV_MUST_CHECK cv_status cv_event_add(struct cv_vault *v, const struct cv_event *event, struct cv_err *err);

/** cv_event_log(v, event, err): a commit of its own. CV_OK only when durable. */
CV_MUST_CHECK cv_status cv_event_log(struct cv_vault *v, const struct cv_event *event, struct cv_err *err);

/* Something that somebody may not do. */
#define CV_MIXED "mix training and real" /* what nobody may do */
struct cv_refusal {
    const char *to;            /* read, export, create, ... */
    const char *record;        /* id as text; NULL */
    const struct cv_json *ids; /* of several records; NULL */
    uint64_t version;          /* 0: does not apply */
    const char *section;       /* the section (or field) they may not; NULL: all of it */
    const char *reason;        /* what the member gave; NULL */
    uint64_t slot;             /* whose release key the reason is under; 0: one of its own */
};

/**
 * cv_event_refuse(v, refusal, st, err, fmt, ...): a refusal is an event before it is an answer: append it
 * durably, and only then fail with ${st} and the text. No commit may be under way. Returns ${st}; as
 * cv_event_log if the event cannot be written.
 */
CV_MUST_CHECK __attribute__((format(printf, 5, 6))) cv_status
cv_event_refuse(struct cv_vault *v, const struct cv_refusal *refusal, cv_status st, struct cv_err *err,
                const char *fmt, ...);

/** A release key that is asked for: of which slot, for which part of which version. */
struct cv_want {
    uint64_t slot;
    uint8_t handle[CV_HANDLE_BYTES];
    const char *part;
};
typedef cv_status (*cv_released_fn)(void *arg, size_t i, struct cv_bytes release, struct cv_err *err);

/**
 * cv_release(v, event, wants, count, fn, arg, err): append ${event} durably, then hand out Rs for each of
 * ${wants}, in order, through ${fn}. Nothing is handed out if the event cannot be written. An erased
 * version's is left out: ${fn} gets the empty view.
 */
CV_MUST_CHECK cv_status cv_release(struct cv_vault *v, const struct cv_event *event,
                                   const struct cv_want *wants, size_t count, cv_released_fn fn, void *arg,
                                   struct cv_err *err);

/** cv_release_each(v, event, next, fn, arg, err): the same of wants that are told one after another, once the
 * event is durable. They are what it names: whoever tells them has looked at the same before. ${next}: CV_OK;
 * CV_ERR_NOTFOUND at the end. */
typedef cv_status (*cv_want_fn)(void *arg, struct cv_want *out, struct cv_err *err);
CV_MUST_CHECK cv_status cv_release_each(struct cv_vault *v, const struct cv_event *event, cv_want_fn next,
                                        cv_released_fn fn, void *arg, struct cv_err *err);

/** cv_event_read(v, index, event, text, err): open an event (auditors): ${event} the body, without what no
 * event has, ${text} the free text, empty if there is none or it was erased; both freed by the caller. */
CV_MUST_CHECK cv_status cv_event_read(struct cv_vault *v, uint64_t index, struct cv_json **event,
                                      struct cv_json **text, struct cv_err *err);

#endif
