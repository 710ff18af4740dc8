#ifndef CV_SUITE_H
#define CV_SUITE_H

/* What the programs share that run somebody else's known answers: reading them, counting, and the line that
 * script/conformance makes its table of. */
#include <stdbool.h>
#include <stddef.h>

#include "formats/json.h"

struct suite {
    const char *name;
    size_t cases, passed, left_out;
};

/** suite_read(path, out): append a whole file. False if it cannot be read. */
bool suite_read(const char *path, struct cv_buf *out);

/** suite_json(path): a file of JSON, to be freed; NULL, having said why, if it is none. */
struct cv_json *suite_json(const char *path);

/** suite_hex(object, name): a member's hex digits as bytes, to be freed; ${ok} becomes false if it is not
 * that. */
struct cv_buf suite_hex(const struct cv_json *object, const char *name, bool *ok);

/** suite_case(s, ok, id): count a case; one that failed is named on stderr. */
void suite_case(struct suite *s, bool ok, const char *id);

/** suite_leave_out(s): count a case that does not apply to us. */
void suite_leave_out(struct suite *s);

/** suite_tell(s, note): print `suite <TAB> name <TAB> cases <TAB> passed <TAB> left out <TAB> note`. True if
 * there were cases, and all that were not left out passed. */
bool suite_tell(const struct suite *s, const char *note);

#endif
