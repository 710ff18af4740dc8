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
    struct cv_json *record; /* {"type",...,"<section>":{...}}: what is there already, and what is answered */
    struct cv_term term;
    /* inside */
    uint64_t base; /* the version over which its answers were typed */
    bool kept;     /* is the draft? */
};

/** cv_form_fill(f): ask, until what was answered can be stored and is to be. CV_OK with it in f->record;
 * CV_ERR_EXISTS if it was given up for now, or for good, which was said. */
CV_MUST_CHECK cv_status cv_form_fill(struct cv_form *f);
/** cv_form_changed(f, out): the sections that are not as they were, to be freed. */
CV_MUST_CHECK cv_status cv_form_changed(const struct cv_form *f, struct cv_json **out);
/** cv_form_said(f, out): a new record as it is to be stored: without sections that say nothing; to be freed.
 */
CV_MUST_CHECK cv_status cv_form_said(const struct cv_form *f, struct cv_json **out);
/** cv_form_done(f): it was stored: forget the draft; what cannot be removed is told. */
void cv_form_done(struct cv_form *f);

/* ---- between the form*.c files ---- */

/* Where to go from a question. */
enum cv_step { CV_STEP_ON, CV_STEP_BACK, CV_STEP_SECTION, CV_STEP_STOP };

/* Fields that stand together: those of a section, or those inside an object of one. */
struct cv_group {
    const char *section, *object; /* ${object} NULL: the section's own */
    struct cv_json *data;
    const struct cv_group *in; /* of an object: where it stands */
};

/** cv_form_keep(f): keep the draft; where that fails, say so, and go on. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_form_keep(struct cv_form *f);
/** cv_form_group(f, g, last, step): ask the fields of a group, from the first or the last one on. */
CV_MUST_CHECK cv_status cv_form_group(struct cv_form *f, struct cv_group *g, bool last, enum cv_step *step);
/** cv_form_asked(f, section): is this a section that the form asks for? */
bool cv_form_asked(const struct cv_form *f, const char *section);
/** cv_form_readers(f, section, out): append the roles that read it, with how many people hold each. */
CV_MUST_CHECK cv_status cv_form_readers(const struct cv_form *f, const char *section, struct cv_buf *out);
/** cv_form_sign(line, step): is it one of the signs that lead elsewhere (< > !)? */
bool cv_form_sign(struct cv_bytes line, enum cv_step *step);
/** cv_form_text(f, g, field, step): a long text, in lines. */
CV_MUST_CHECK cv_status cv_form_text(struct cv_form *f, struct cv_group *g,
                                     const struct cv_template_field *field, enum cv_step *step);
/** cv_form_review(f, step, section): show all of it and who will be able to read it, and ask what now:
 * CV_STEP_ON stores it; CV_STEP_SECTION goes to the section told in ${section}; CV_STEP_STOP keeps the draft;
 * CV_STEP_BACK gives it up. */
CV_MUST_CHECK cv_status cv_form_review(struct cv_form *f, enum cv_step *step, size_t *section);

#endif
