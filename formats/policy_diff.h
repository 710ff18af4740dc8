#ifndef CV_FORMATS_POLICY_DIFF_H
#define CV_FORMATS_POLICY_DIFF_H

#include "formats/policy.h"

/** cv_policy_diff(before, after, say, arg): what ${after} changes, a line in plain words for each thing. */
typedef void (*cv_say_fn)(void *arg, const char *line);
void cv_policy_diff(const struct cv_policy *before, const struct cv_policy *after, cv_say_fn say, void *arg);

/** cv_policy_role_words(p, set, out, room): the names of a set of roles with commas, or "-"; cut if it is too
 * long. */
void cv_policy_role_words(const struct cv_policy *p, cv_roles set, char *out, size_t room);

#endif
