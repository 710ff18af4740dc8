#ifndef CV_CMD_FIELDS_H
#define CV_CMD_FIELDS_H

#include "cmd/cmd.h"

/** cv_fields_print(t, type, id, section, data): on stdout the fields of a section by their labels: plain ones
 * beside them; objects below, each under its number, or, where they are disclosed one by one, under the name
 * by which `package new --statement` knows them. */
void cv_fields_print(const struct cv_template *t, const char *type, const char *id, const char *section,
                     const struct cv_json *data);

#endif
