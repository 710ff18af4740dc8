#ifndef CV_FORMATS_STATEMENT_H
#define CV_FORMATS_STATEMENT_H

#include "formats/json.h"

/**
 * What members sign is a C2SP signed note whose text is three LF-terminated lines, which begin with what kind
 * of statement it is, so that a signature under one can never pass as one under another:
 *
 *   casevault <kind> v1
 *   <vault id in hex, or - in the first policy>
 *   <compact JSON>
 */

/** cv_statement_text(kind, vault, doc, out): append the text. CV_OK; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_statement_text(const char *kind, const char *vault, const struct cv_json *doc,
                                          struct cv_buf *out);

/** cv_statement_split(text, kind, vault, json, err): a view of the JSON, after checking what stands before
 * it. CV_OK; CV_ERR_FORMAT if it is no such statement; CV_ERR_LOG if it was made for another vault. */
CV_MUST_CHECK cv_status cv_statement_split(struct cv_bytes text, const char *kind, const char *vault,
                                           struct cv_bytes *json, struct cv_err *err);

#endif
