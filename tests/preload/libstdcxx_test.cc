/* What libstdc++ allocates for a target is the target's; what it allocates for others is not. */
#include "libs/libs.h"
#include "test.h"

#include <string>
#include <vector>

int main()
{
    void *kept = bag_make(100000);
    void *dropped = bag_make(100000);
    bag_drop(dropped);
    std::vector<std::string> own(1000, std::string(1000, 'x'));
    CHECK(kept && own.size() == 1000);
    return 0;
}
