/* Paths: an account nested in another one has no grant. What it takes is taken of each account above it too, up to its holder (a
 * task, or the root), whose grant pays, and whose accountant is asked and denies. Each account on the way may have a limit; what one of
 * them refuses has been taken of none. Charges out of a lane's credit walk no path. Runs inside malloc. */
#ifndef MG_PATH_H
#define MG_PATH_H

#include "accounts.h"

/* Need to want bytes of what is unused; 0 when that is less than need. */
int64_t mg_path_share(int64_t unused, int64_t need, int64_t want);
/* As much as no limit on the way to the holder refuses just now, from need to want; 0: *refuser's would be broken by need. */
int64_t mg_path_room(struct mg_account *account, int64_t need, int64_t want, struct mg_account **refuser);
/* What was taken of each account on the way, the lowest first, and what of that its reserve paid; after the last one 0 is owed. */
struct mg_path_raised {
    int64_t owed[MG_PATH_MOST], paid[MG_PATH_MOST];
};
/* Takes the bytes of the accounts below the holder: of all, or of none when *refuser refuses; where refuser is NULL, whatever the limits.
 * Reserves on the way pay first. What the holder has to pay is returned, from 0 to bytes; -1 when it is refused. */
int64_t mg_path_raise(struct mg_account *account, int64_t bytes, struct mg_path_raised *raised,
                      struct mg_account **refuser);
/* Undoes that, below `until`, which refused: just what was taken, and what reserves paid. */
void mg_path_undo(struct mg_account *account, const struct mg_path_raised *raised,
                  const struct mg_account *until);
/* Gives so much back: reserves are filled first, and what is over is returned, for the holder. */
int64_t mg_path_lower(struct mg_account *account, int64_t bytes);
/* What was taken of the account is the heir's, whatever the limits. Nothing comes back: what both are in has it all the while, and
 * moves by no more than reserves below it have more or less of it then. */
void mg_path_hand_over(struct mg_account *account, struct mg_account *heir, int64_t bytes);
/* Takes up to so much out of what is held for the account. Returns how much. */
int64_t mg_path_use_reserve(struct mg_account *account, int64_t bytes);
/* So much less is reserved for the account. What of it is not used goes back to those above; returns how much that is. */
int64_t mg_path_give_back(struct mg_account *account, int64_t bytes);
/* What is in the reserve beyond the reservation goes back. */
void mg_path_trim_reserve(struct mg_account *account);
/* They come to show in what is charged to each account on the path, up to the root. */
void mg_path_show(struct mg_account *account, int64_t bytes);
/* What the account holds of its parent's: the grant of one that has its own; of one nested what is taken of it. */
int64_t mg_path_granted(const struct mg_account *account);

#endif
