#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "crypto/alloc.h"

/* To translate it takes memory: it is done while there is some. */
static const char *no_memory_text = CV_NO_MEMORY;

static void no_memory(void)
{
    (void)!write(STDERR_FILENO, "casevault: ", strlen("casevault: "));
    (void)!write(STDERR_FILENO, no_memory_text, strlen(no_memory_text));
    (void)!write(STDERR_FILENO, "\n", 1);
}

/* shown_and_wiped(argc, argv): all that is shown goes through one buffer, which is not left as it is. */
static int shown_and_wiped(int argc, char **argv)
{
    static char shown[BUFSIZ];
    setvbuf(stdout, shown, isatty(STDOUT_FILENO) == 1 ? _IOLBF : _IOFBF, sizeof(shown));
    const int rc = cv_main(argc, argv);
    fflush(stdout);
    cv_wipe(shown, sizeof(shown));
    return rc;
}

/* What a process that holds secrets does first: no core dumps, not readable by debuggers, the secure heap. */
int main(int argc, char **argv)
{
    const struct rlimit none = { 0, 0 };
    umask(0007);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    cv_alloc_last_words(no_memory);
    const cv_status st = cv_secret_heap_init();
    cv_locale_open(argc, argv);
    no_memory_text = _(CV_NO_MEMORY);
    if (st == CV_ERR_LIMIT)
        cv_print_to(stderr,
                    "casevault: memory cannot be locked here: secrets might be written to the swap area\n");
    else if (st != CV_OK) {
        cv_print_to(stderr, "casevault: no secure memory; nothing was done\n");
        return CV_EXIT_FAILED;
    }
    cv_json_init();
    return shown_and_wiped(argc, argv);
}
