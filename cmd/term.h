#ifndef CV_CMD_TERM_H
#define CV_CMD_TERM_H

#include "cmd/cmd.h"

/**
 * A dialog with somebody at a terminal, in plain lines: no colour, nothing that moves, so that it works over
 * ssh, in 80 columns, and is read out well. The terminal itself lets a line be corrected until Enter. What
 * was typed stays on the secure heap.
 */
struct cv_term {
    struct cv_secret line;
};

/** cv_term_there(): are standard input and output a terminal? */
bool cv_term_there(void);

/** cv_term_open(t, err): CV_OK; CV_ERR_NOMEM. End with cv_term_close. */
CV_MUST_CHECK cv_status cv_term_open(struct cv_term *t, struct cv_err *err);
void cv_term_close(struct cv_term *t);

/** cv_term_say(indent, text): ${text}, translated, on standard output, wrapped, and a LF. */
void cv_term_say(size_t indent, const char *text);

/** cv_term_ask(t, prompt, line, err): show ${prompt}, translated, and read a line, without white space around
 * it; asked again, saying why, where a line is too long for the terminal, is no UTF-8, or has keys in it that
 * write nothing. ${line} is valid until the next question. CV_OK; CV_ERR_NOTFOUND at the end of the input
 * (Ctrl-D); CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_term_ask(struct cv_term *t, const char *prompt, struct cv_bytes *line,
                                    struct cv_err *err);

#endif
