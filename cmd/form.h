#ifndef CV_CMD_FORM_H
#define CV_CMD_FORM_H

#include "cmd/term.h"

/**
 * A form: the sections and fields of a template, asked one after another at a terminal. What was answered is
 * kept as a draft (vault/draft.h) after each answer, so that nothing typed is lost with a line, a battery or
 * a terminal.
 */
struct cv_form {
    struct cv_ui *ui;
    struct cv_vault *v;
    const char *type;
    const char *id;               /* of the record that is edited; NULL: a new one */
    uint64_t version;             /* the one that is edited; 0: a new record */
    const struct cv_json *before; /* its sections as they were; NULL */
    const char *by, *day;         /* who made that version, and when */
    const char *reason;           /* of what is read for it; NULL */
    struct cv_json *record; /* {"type",...,"<section>":{...}}: what is there already, and what is answered */
    struct cv_term term;
    /* inside */
    bool kept;             /* is the draft? */
    struct cv_json *names; /* type -> [{"id","title","folded"}], the newest first: what references may name */
    struct cv_json *offered; /* of them, those that were shown last, by number */
};

/** cv_form_fill(f): ask, until what was answered can be stored and is to be. CV_OK with it in f->record;
 * CV_ERR_EXISTS if it was given up for now, or for good, which was said. */
CV_MUST_CHECK cv_status cv_form_fill(struct cv_form *f);
/** cv_form_changed(f, out): the sections that are not as they were, to be freed. */
CV_MUST_CHECK cv_status cv_form_changed(const struct cv_form *f, struct cv_json **out);
/** cv_form_said(f, out): a new record as it is to be stored: without sections that say nothing; to be freed.
 */
CV_MUST_CHECK cv_status cv_form_said(const struct cv_form *f, struct cv_json **out);
/** cv_form_drafted(f, out): is something kept that was typed before? CV_OK; as cv_draft_find. */
CV_MUST_CHECK cv_status cv_form_drafted(const struct cv_form *f, bool *out);
/** cv_form_unstored(f): it could not be stored: a hint at what becomes of what was typed. */
const char *cv_form_unstored(const struct cv_form *f);
/** cv_form_done(f): it was stored: forget the draft; what cannot be removed is told. */
void cv_form_done(struct cv_form *f);

/* ---- between the form*.c files ---- */

/* Where to go from a question. */
enum cv_way { CV_STEP_ON, CV_STEP_BACK, CV_STEP_SECTION, CV_STEP_STOP };

/* Fields that stand together: those of a section, or those inside an object of one. */
struct cv_group {
    const char *section, *object; /* ${object} NULL: the section's own */
    struct cv_json *data;
    const struct cv_group *in; /* of an object: where it stands */
};

/** cv_form_keep(f): keep the draft; where that fails, say so, and go on. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_form_keep(struct cv_form *f);
/** cv_form_resume(f, wanted): go on with what was typed before, if there is something and it is wanted: it is
 * laid over what the record says now, and what somebody else changed as well is named. */
CV_MUST_CHECK cv_status cv_form_resume(struct cv_form *f, bool *wanted);
/** cv_form_group(f, g, last, step): ask the fields of a group, from the first or the last one on. */
CV_MUST_CHECK cv_status cv_form_group(struct cv_form *f, struct cv_group *g, bool last, enum cv_way *step);
/** cv_form_asked(f, section): is this a section that the form asks for? */
bool cv_form_asked(const struct cv_form *f, const char *section);
/** cv_form_readers(f, section, out): append the roles that read it, with how many people hold each. */
CV_MUST_CHECK cv_status cv_form_readers(const struct cv_form *f, const char *section, struct cv_buf *out);
/** cv_form_value(field, value, out): append a field's value in one short line. */
CV_MUST_CHECK cv_status cv_form_value(const struct cv_template_field *field, const struct cv_json *value,
                                      struct cv_buf *out);
/** cv_form_offer(f, field): show the newest records that a reference may name, by number. */
CV_MUST_CHECK cv_status cv_form_offer(struct cv_form *f, const struct cv_template_field *field);
/** cv_form_refs(f, field, line, out, why): append the ids of the records that ${line} names: by the number of
 * one that was shown, by its id, or by a part of its title. CV_OK; CV_ERR_FORMAT with ${why}; as cv_glance.
 */
CV_MUST_CHECK cv_status cv_form_refs(struct cv_form *f, const struct cv_template_field *field,
                                     struct cv_bytes line, struct cv_buf *out, const char **why);
/** cv_form_ref_title(f, field, id): as far as it was read already; else NULL. */
const struct cv_json *cv_form_ref_title(const struct cv_form *f, const struct cv_template_field *field,
                                        const struct cv_json *id);
/** cv_form_elsewhere(f, g, field): is it filled by another command? Files come with `document add`. */
bool cv_form_elsewhere(const struct cv_form *f, const struct cv_group *g,
                       const struct cv_template_field *field);
/** cv_form_whole(f, why): can it be stored? CV_OK; CV_ERR_FORMAT or CV_ERR_DENIED with ${why}. */
CV_MUST_CHECK cv_status cv_form_whole(const struct cv_form *f, struct cv_err *why);
/** cv_form_sign(line, step): is it one of the signs that lead elsewhere (< > !)? */
bool cv_form_sign(struct cv_bytes line, enum cv_way *step);
/** cv_form_text(f, g, field, step): a long text, in lines. */
CV_MUST_CHECK cv_status cv_form_text(struct cv_form *f, struct cv_group *g,
                                     const struct cv_template_field *field, enum cv_way *step);
/** cv_form_review(f, step, section): show all of it and who will be able to read it, and ask what now:
 * CV_STEP_ON stores it; CV_STEP_SECTION goes to the section told in ${section}; CV_STEP_STOP keeps the draft;
 * CV_STEP_BACK gives it up. */
CV_MUST_CHECK cv_status cv_form_review(struct cv_form *f, enum cv_way *step, size_t *section);

#endif
