-- Trees, strings and tables that come and go.
local function tree(depth)
  if depth == 0 then return {} end
  return { tree(depth - 1), tree(depth - 1) }
end

local function nodes(node)
  return 1 + (node[1] and nodes(node[1]) + nodes(node[2]) or 0)
end

local checked = 0
for depth = 4, 16 do
  checked = checked + nodes(tree(depth))
end

assert(checked == 262099)

local words = {}
for i = 1, 600000 do
  words[i % 5000 + 1] = ("word %d of %s"):format(i, string.rep("x", i % 40))
end
local parts = {}
for i, word in ipairs(words) do
  parts[#parts + 1] = word:upper():gsub("X+", function(x) return #x .. "" end)
end
local text = table.concat(parts, "\n")
local counted = {}
for word in text:gmatch("%S+") do
  counted[word] = (counted[word] or 0) + 1
end
assert(counted["WORD"] == 5000)
