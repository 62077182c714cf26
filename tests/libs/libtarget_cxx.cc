/* Stands for a C++ library: nearly all of its memory is asked for by libstdc++ on its behalf. */
#include <map>
#include <sstream>
#include <string>
#include <vector>

struct bag {
    std::string text;
    std::vector<int> numbers;
    std::map<int, std::string> names;
    std::stringstream stream;
};

extern "C" bag *bag_make(size_t size)
{
    bag *made = new bag;
    made->text.append(size, 't');
    made->numbers.resize(size);
    for (size_t i = 0; i < size; i += 1000)
        made->names[int(i)] = std::string(100, 'n');
    for (size_t i = 0; i < size; i++)
        made->stream << 's';
    return made;
}

extern "C" void bag_drop(bag *made)
{
    delete made;
}
