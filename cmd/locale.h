#ifndef CV_CMD_LOCALE_H
#define CV_CMD_LOCALE_H

/* The catalogs that were built with this program (po/catalogs.cmake), and the SHA-256 of each in hex; the
 * last has no language. */
struct cv_catalog {
    const char *language, *digest;
};
extern const struct cv_catalog cv_catalogs[];

#endif
