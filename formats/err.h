#ifndef CV_FORMATS_ERR_H
#define CV_FORMATS_ERR_H

#include <stdint.h>

#include "crypto/status.h"

#define CV_ERR_BYTES 768

/* What went wrong, for a person, in their language: filled once, where the fault is found. It holds places
 * (path, record id, entry, offset, field name), never input bytes and never a secret. It is shown; what is
 * stored says it in words of its own. */
struct cv_err {
    cv_status status;
    int sys_errno;
    char msg[CV_ERR_BYTES];
};

/**
 * cv_fail(err, st, fmt, ...): note ${st} and the text in ${err} (NULL allowed; kept if already filled, which
 * an empty text does not) and return ${st}, so that a function can end with
 * `return cv_fail(err, CV_ERR_FORMAT, "policy: no number")`.
 * ${fmt} is the English text; it is translated in here, and what is put into it is not.
 * What a terminal would obey, and what is no text, is replaced in it.
 */
CV_MUST_CHECK __attribute__((format(printf, 3, 4))) cv_status cv_fail(struct cv_err *err, cv_status st,
                                                                      const char *fmt, ...);

/** cv_fail_n(err, st, n, one, many, ...): the same in the form that goes with ${n}. */
CV_MUST_CHECK __attribute__((format(printf, 4, 6), format(printf, 5, 6))) cv_status
cv_fail_n(struct cv_err *err, cv_status st, uint64_t n, const char *one, const char *many, ...);

/** cv_fail_errno(err, fmt, ...): CV_ERR_IO with errno and its text; ENOMEM becomes CV_ERR_NOMEM. */
CV_MUST_CHECK __attribute__((format(printf, 2, 3))) cv_status cv_fail_errno(struct cv_err *err,
                                                                            const char *fmt, ...);

/** cv_err_note(err, st, what): fill ${err} with a plain sentence for ${st} about ${what}, if nothing filled
 * it yet. */
cv_status cv_err_note(struct cv_err *err, cv_status st, const char *what);

#ifdef __clang_analyzer__ /* which does not see that they give back the status they were given */
#define cv_fail(err, st, ...) ((void)!(cv_fail)(err, st, __VA_ARGS__), (cv_status)(st))
#define cv_fail_n(err, st, ...) ((void)!(cv_fail_n)(err, st, __VA_ARGS__), (cv_status)(st))
#define cv_err_note(err, st, what) ((void)(cv_err_note)(err, st, what), (cv_status)(st))
#endif

/** cv_status_text(st): a short phrase, as cv_word. */
const char *cv_status_text(cv_status st);

#endif
