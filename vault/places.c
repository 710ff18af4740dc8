#include "vault/places.h"

#include <sys/resource.h>

#define SPARE_FILES 16

size_t cv_places(size_t most)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return 1;
    if (files.rlim_cur < most + SPARE_FILES && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max < most + SPARE_FILES ? files.rlim_max : most + SPARE_FILES;
        if (setrlimit(RLIMIT_NOFILE, &files) != 0 && getrlimit(RLIMIT_NOFILE, &files) != 0)
            return 1;
    }
    if (files.rlim_cur >= most + SPARE_FILES)
        return most;
    return files.rlim_cur > SPARE_FILES ? (size_t)files.rlim_cur - SPARE_FILES : 1;
}
