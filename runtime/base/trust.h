// Files and folders that are read again as our own, such as caches: nobody else may have put something there.
#pragma once

#include <string>
#include <sys/stat.h>

namespace rvb::runtime {

// Why a folder is not to be trusted, "" when it is: it is this user's, or root's, and others cannot replace what lies
// there (they may add their own where the sticky bit is set, as in /tmp).
std::string distrusted(const std::string& folder);

bool is_own(const struct stat& status); // this user's, or root's
// A regular file of ours that nobody else may write.
bool is_own_file(const struct stat& status);

} // namespace rvb::runtime
