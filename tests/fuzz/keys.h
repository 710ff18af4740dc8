#ifndef CV_FUZZ_KEYS_H
#define CV_FUZZ_KEYS_H

/* What seeds are sealed with, and opened with again. Nobody uses it for anything else. */
#define FUZZ_AGE_SECRET "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
#define FUZZ_AGE_RECIPIENT "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
#define FUZZ_PASSPHRASE "correct horse"

#endif
