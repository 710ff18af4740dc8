#ifndef CV_FORMATS_ANSWER_H
#define CV_FORMATS_ANSWER_H

#include "formats/template.h"

/* What a person types for a field of a form, and how the words of a choice read. */

/** cv_answer_value(f, text, out, why): as the template wants it, in all ways in which a cell of a sheet may
 * say it (formats/columns.h). Of a choice besides: its number, counting from 1, or any part that only one of
 * its words has. Of a field with several values: with ; between them, those of a choice with commas as well;
 * an array. CV_OK; CV_ERR_FORMAT with ${why} in plain words; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_answer_value(const struct cv_template_field *f, struct cv_bytes text,
                                        struct cv_json **out, const char **why);

/** cv_choice_label(word, out): append the word of a choice as a person reads it: "SexualExploitation" is
 * "Sexual exploitation", in the reader's language, and the letter of a classification is left away. CV_OK;
 * CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_choice_label(const char *word, struct cv_buf *out);

#endif
