#ifndef CV_VAULT_SOUND_H
#define CV_VAULT_SOUND_H

#include "crypto/bytes.h"

/**
 * How a name sounds, so that what is heard and written down twice comes to the same: Elena and Yelena, Tereza
 * and Theresa, Petrovic and Petrovich. Of a folded word (vault/fold.h) the consonants are kept, by their
 * sound, and the vowel that it begins with.
 */
#define CV_SOUND_BYTES 32 /* with a NUL; what is longer is cut */

/** cv_sound(word, out): "" if nothing of it sounds. */
void cv_sound(struct cv_bytes word, char out[static CV_SOUND_BYTES]);

/** cv_sound_slips(a, b, most): how many letters must be changed, added, left out or swapped with their
 * neighbour to make the one of the other (optimal string alignment, by bytes); ${most} + 1 if more. */
size_t cv_sound_slips(struct cv_bytes a, struct cv_bytes b, size_t most);

#endif
