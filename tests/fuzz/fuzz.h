#ifndef CV_FUZZ_H
#define CV_FUZZ_H

/* What every fuzz target includes. A target is one LLVMFuzzerTestOneInput, which libFuzzer calls
 * (script/fuzz), or tests/fuzz/replay.c with what lies in tests/fuzz/corpus. */
#include <stdlib.h>
#include <string.h>

#include "crypto/bytes.h"
#include "formats/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Whether a target took the input for good. Seeds named valid-* must be: a corpus that is refused at its
 * first line tries nothing. */
extern bool fuzz_taken;

/* must(good): what has to hold, whatever the input is. */
#define must(good) ((good) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #good))
_Noreturn void fuzz_broken(const char *file, int line, const char *what);
/* What ends a run instead where memory is refused on purpose: then what a target asks for may fail. NULL:
 * nothing. */
extern void (*fuzz_stop)(void);

/** fuzz_judged(st, err, appended): ${st} is what a parser gave: notes whether it took the input, and returns
 * that; a refusal says why, in words, and has appended nothing. */
bool fuzz_judged(cv_status st, const struct cv_err *err, size_t appended);
/** fuzz_same(a, b): the same bytes, or what was read was a lie. */
void fuzz_same(struct cv_bytes a, struct cv_bytes b);
/** fuzz_part(in): up to the next 0xff, which is passed over: several texts in one input. */
struct cv_bytes fuzz_part(struct cv_bytes *in);

#endif
