#ifndef CV_CMD_HELP_H
#define CV_CMD_HELP_H

#include "crypto/bytes.h"

/** cv_help_text(): cmd/help.txt: tasks, each after a line `# name: title`. */
struct cv_bytes cv_help_text(void);

/** cv_help(argc, argv): `casevault help [TOPIC...]`: the task, or the list of them. The exit status. */
int cv_help(int argc, char **argv);

/** cv_describe(): `casevault help --json`: one object a line on stdout: first {"everywhere":[option...]},
 * then of each command
 * {"command","synopsis","summary","details"?,"options":[{"name","letter"?,"value"?,"help"}]}. The exit
 * status. */
int cv_describe(void);

#endif
