#ifndef CV_CMD_TOUR_H
#define CV_CMD_TOUR_H

#include "cmd/cmd.h"

/**
 * demo tour: exercises in a training vault that look for themselves whether they were done. What they say and
 * what they look for stands in cmd/tour.txt, one after another:
 *
 *   # NAME ROLE: TITLE
 *   after: NAME, NAME         exercises that come before it; none, if there is no such line
 *   lines for the learner     commands are indented by five; {NAME} is what a check has found before
 *   ? CHECK | what to say where it does not hold
 *
 * and the checks, which look at the vault and at its log:
 *
 *   did ROLE ACTION WHAT [as NAME] [ever] [DETAIL]
 *             that member's event, later than what comes before the exercise (`ever`: or than nothing), of
 *             WHAT: `-` anything, `new:TYPE`, {NAME} or {NAME}:SECTION; with these words in its detail; NAME
 *             is the record it is about
 *   has NAME SECTION.FIELD [VALUE]   the record says this, or anything; a list: among others
 *   consent STATE                    of the record {consent}, today
 *   rule N                           so many approvals are needed before a package is made
 *   asked ROLE as NAME, agreed ROLE, made, verified   what became of a package of the case {case}
 *   newcomer ROLE as NAME, gone NAME                  who is a member beside those of the demonstration
 */

/** cv_tour_text(): cmd/tour.txt. */
struct cv_bytes cv_tour_text(void);

#define CV_TOUR_ROLES 6
/* Who takes part: the file of their identity, and what they are called. */
extern const struct cv_tour_role {
    const char *name, *title;
    bool member;
} cv_tour_roles[CV_TOUR_ROLES];

struct cv_tour_step {
    struct cv_bytes name, role, title, after, body, checks;
};
/** cv_tour_next(rest, step): the next exercise; false past the last. */
bool cv_tour_next(struct cv_bytes *rest, struct cv_tour_step *step);
/** cv_tour_find(name, step): the exercise of that name; false if there is none. */
bool cv_tour_find(struct cv_bytes name, struct cv_tour_step *step);
/** cv_tour_line(rest): the next line, without its LF. cv_tour_word(rest): the next word of a line; empty at
 * its end. cv_tour_named(list): the next name of a list with commas. */
struct cv_bytes cv_tour_line(struct cv_bytes *rest);
struct cv_bytes cv_tour_word(struct cv_bytes *rest);
struct cv_bytes cv_tour_named(struct cv_bytes *list);
/** cv_tour_leads(step, name): does the exercise ${name} come before it, or is it the same? */
bool cv_tour_leads(const struct cv_tour_step *step, struct cv_bytes name);

/* A tour under way. */
struct cv_tour {
    struct cv_ui ui; /* the founder's, who looks */
    char dir[4096], identity[4200], passphrase[4200], vault[4200];
    struct cv_opened o;
    struct cv_json *kept;   /* what is remembered of it (cmd/tour_keep.c) */
    struct cv_json *people; /* role -> pseudonym */
    struct cv_json *given;  /* names that nobody has to find: vault, age, print */
    struct cv_json *events; /* of the log, with "entry" */
    char why[256];          /* of the check that does not hold */
};

/* ---- tour_keep.c: beside the vault, in the file `tour`: no secret ---- */

/** cv_tour_load(t): CV_OK, with t->kept NULL where none was begun; CV_ERR_FORMAT. */
CV_MUST_CHECK cv_status cv_tour_load(struct cv_tour *t);
/** cv_tour_begin(t): anew, from the log's end. */
CV_MUST_CHECK cv_status cv_tour_begin(struct cv_tour *t);
CV_MUST_CHECK cv_status cv_tour_save(struct cv_tour *t);
/** cv_tour_show(t, name): that exercise is the one at hand from now on. */
CV_MUST_CHECK cv_status cv_tour_show(struct cv_tour *t, struct cv_bytes name);
bool cv_tour_done(const struct cv_tour *t, struct cv_bytes name);
/** cv_tour_keep(t, name, entry): that exercise was done, as this entry tells (0: none does). */
CV_MUST_CHECK cv_status cv_tour_keep(struct cv_tour *t, struct cv_bytes name, uint64_t entry);
/** cv_tour_value(t, name): what {name} stands for, or NULL. cv_tour_set(t, name, value): from now on. */
const char *cv_tour_value(const struct cv_tour *t, struct cv_bytes name);
CV_MUST_CHECK cv_status cv_tour_set(struct cv_tour *t, struct cv_bytes name, const char *value);
/** cv_tour_expand(t, text, out): append it, with values for the names in braces. */
CV_MUST_CHECK cv_status cv_tour_expand(const struct cv_tour *t, struct cv_bytes text, struct cv_buf *out);

/* ---- tour_check.c ---- */

/** cv_tour_meet(t): who takes part; cv_tour_look(t): what has happened in the vault. */
CV_MUST_CHECK cv_status cv_tour_meet(struct cv_tour *t);
CV_MUST_CHECK cv_status cv_tour_look(struct cv_tour *t);
/** cv_tour_check(t, step, entry, met): was it done? Names that it finds are kept; else t->why says what is
 * missing. CV_OK, whatever was found. */
CV_MUST_CHECK cv_status cv_tour_check(struct cv_tour *t, const struct cv_tour_step *step, uint64_t *entry,
                                      bool *met);

#endif
