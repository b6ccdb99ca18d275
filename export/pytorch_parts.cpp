#include "export/pytorch_parts.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "export/torchscript_source.h"

namespace ridgeline {
namespace {

[[noreturn]] void refuse_word(const std::string& word, const std::string& name) {
  throw Error(ErrorKind::kConfig, "export: a PyTorch module cannot have a part called '" + word +
                                      "' (" + name + "); rename the node");
}

void require_word(const std::string& word, const std::string& name) {
  if (is_python_keyword(word) || word.empty()) refuse_word(word, name);
}

}  // namespace

NetworkParts::NetworkParts(const Network& network) : network_(network) {
  /// Linear layers give [N, C]; the network's values are [N, C, 1, 1] there.  // Linear layers give
  /// [N, C]; the network's values are [N, C, 1, 1] there.
  for (const Node& node : network_.nodes()) {
    const bool keeps =
        std::holds_alternative<Activation>(node.op) || std::holds_alternative<Dropout>(node.op);
    flat_.push_back(std::holds_alternative<Linear>(node.op) ||
                    (keeps && flat_[static_cast<size_t>(node.inputs[0])]));
  }
  readers_.resize(network_.nodes().size());
  for (int i = 0; i < network_.size(); ++i) {
    for (const int input : network_.node(i).inputs)
      readers_[static_cast<size_t>(input)].push_back(i);
  }
}

PyTorchPart NetworkParts::tree() const {
  std::vector<int> all;
  for (int i = 1; i < network_.size(); ++i) all.push_back(i);
  PyTorchPart root = group("", "", all);
  order(root);
  return root;
}

std::string NetworkParts::shape_note(const std::vector<int>& values) const {
  std::vector<std::string> texts;
  for (const int value : values) {
    const Shape& shape = node(value).shape;
    texts.push_back(flat(value) ? std::to_string(shape.channels) : to_string(shape));
  }
  return join(texts);
}

void NetworkParts::require_attribute(const PyTorchPart& part) {
  static const std::set<std::string> kReserved = {
      "add_module", "apply",      "children", "cpu",   "cuda",     "double",
      "eval",       "float",      "forward",  "half",  "mean",     "modules",
      "std",        "parameters", "to",       "train", "training", "type"};
  if (kReserved.contains(part.name)) refuse_word(part.name, part.path);
}

PyTorchPart NetworkParts::group(const std::string& name, const std::string& path,
                                const std::vector<int>& nodes) const {
  PyTorchPart part{name, path, -1, {}, {}, {}};
  const size_t skip = path.empty() ? 0 : path.size() + 1;
  std::vector<std::pair<std::string, std::vector<int>>> children;
  for (const int index : nodes) {
    const std::string& full = node(index).name;
    const size_t end = full.find('.', skip);
    // An operator that is called as its group is stands in it under this name.
    const std::string word = full.size() < skip ? "result" : full.substr(skip, end - skip);
    require_word(word, full);
    auto child = std::find_if(children.begin(), children.end(),
                              [&](const auto& entry) { return entry.first == word; });
    if (child == children.end()) child = children.insert(children.end(), {word, {}});
    child->second.push_back(index);
  }
  for (const auto& [word, members] : children) {
    const std::string child_path = path.empty() ? word : path + "." + word;
    const std::string& first = node(members[0]).name;
    if (members.size() == 1 && (first == child_path || first == path)) {
      part.parts.push_back({word, child_path, members[0], {}, {}, {}});
    } else {
      part.parts.push_back(group(word, child_path, members));
    }
    connect(part.parts.back(), members);
  }
  return part;
}

void NetworkParts::connect(PyTorchPart& part, const std::vector<int>& members) const {
  const auto inside = [&](int index) {
    return std::binary_search(members.begin(), members.end(), index);
  };
  for (const int member : members) {
    for (const int input : node(member).inputs) {
      const bool known =
          std::find(part.inputs.begin(), part.inputs.end(), input) != part.inputs.end();
      if (!inside(input) && !known) part.inputs.push_back(input);
    }
    const auto& readers = readers_[static_cast<size_t>(member)];
    if (readers.empty() || !std::all_of(readers.begin(), readers.end(), inside))
      part.outputs.push_back(member);
  }
}

void NetworkParts::order(PyTorchPart& root) {
  std::vector<PyTorchPart> ordered;
  std::vector<PyTorchPart>& waiting = root.parts;
  while (!waiting.empty()) {
    const auto ready = std::find_if(waiting.begin(), waiting.end(), [&](const PyTorchPart& part) {
      return std::all_of(part.inputs.begin(), part.inputs.end(), [&](int input) {
        return std::none_of(waiting.begin(), waiting.end(), [&](const PyTorchPart& other) {
          return std::find(other.outputs.begin(), other.outputs.end(), input) !=
                 other.outputs.end();
        });
      });
    });
    if (ready == waiting.end()) {
      throw Error(ErrorKind::kConfig, "export: the parts of '" + root.path +
                                          "' read each other, which no nn.Module can show");
    }
    ordered.push_back(std::move(*ready));
    waiting.erase(ready);
  }
  root.parts = std::move(ordered);
  for (PyTorchPart& part : root.parts) order(part);
}

const PyTorchPart* NetworkParts::find(const PyTorchPart& group, std::string_view name) {
  for (const PyTorchPart& part : group.parts) {
    if (part.name == name) return &part;
  }
  return nullptr;
}

bool NetworkParts::consists_of(const PyTorchPart& group,
                               std::initializer_list<const PyTorchPart*> expected) {
  size_t count = 0;
  for (const PyTorchPart* part : expected) {
    if (part == nullptr) continue;
    if (count >= group.parts.size() || &group.parts[count] != part) return false;
    ++count;
  }
  return count == group.parts.size();
}

bool NetworkParts::is_chain(std::initializer_list<const PyTorchPart*> parts, int entry) {
  int value = entry;
  for (const PyTorchPart* part : parts) {
    if (part == nullptr) continue;
    if (part->inputs != std::vector{value} || part->outputs.size() != 1) return false;
    value = part->outputs[0];
  }
  return true;
}

}  // namespace ridgeline
