/* Which release this is, as text in the file, so that `memgrant doctor` finds it without running or taking apart anything. */

__attribute__((used)) static const char version[] = "\nmemgrant-version:" MG_VERSION "\n";
