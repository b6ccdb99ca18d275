#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace ridgeline {

/// A value of a Python pickle. `kOpaque` stands for every object of a class that is not known here:
/// nothing is ever called or imported.
struct PickleValue {
  enum class Kind {
    kNone,
    kBool,
    kInt,
    kFloat,
    kText,
    kTuple,
    kList,
    kDict,
    kGlobal,
    kPersistent,
    kTensor,
    kOpaque
  };
  Kind kind = Kind::kNone;
  int64_t integer = 0;                ///< kInt, kBool
  std::string text = {};              ///< kText; kGlobal: "torch FloatStorage"
  std::vector<PickleValue*> items{};  ///< kTuple, kList; kDict: key, value, key, value, ...;
                                      ///< kPersistent: the identity; kTensor: the arguments
};

/// Reads the pickles that Python's `torch.save` writes: dictionaries, lists, texts, numbers,
/// `collections.OrderedDict`, tensors (`torch._utils._rebuild_tensor_v2`, also as parameters) and
/// persistent identities (storages). The values live as long as this object. See Python's
/// pickletools for the opcodes.
class Unpickler {
 public:
  /// `bytes` must outlive this object.
  explicit Unpickler(std::string_view bytes) : bytes_(bytes) {}

  /// The next pickle; several may stand one after another. Throws `kData` with what is wrong: cut
  /// off, an unknown opcode, a wrong operand.
  const PickleValue& read();
  /// Where the last pickle ended.
  size_t position() const { return at_; }
  /// Every value of all pickles so far.
  const std::deque<PickleValue>& values() const { return values_; }

 private:
  using Kind = PickleValue::Kind;

  [[noreturn]] void fail(const std::string& what) const;
  std::string_view take(size_t count);
  template <class T>
  T number();
  std::string_view line();

  PickleValue* make(Kind kind);
  void push_text(std::string_view text);
  void push_integer(Kind kind, int64_t value);
  PickleValue* pop();
  PickleValue* top();
  std::vector<PickleValue*> pop_to_mark();
  void push_tuple(size_t count);
  void add_items(const std::vector<PickleValue*>& items, Kind kind);
  void recall(uint64_t index);
  void remember(uint64_t index);
  void push_long(size_t bytes);
  void push_global(const std::string& name);
  void reduce();
  void build();
  void step(uint8_t opcode);
  bool step_constant(uint8_t opcode);
  bool step_container(uint8_t opcode);

  std::string_view bytes_;
  size_t at_ = 0;
  std::deque<PickleValue> values_;  // all of them: none owns another, so that depth is no danger
  std::vector<PickleValue*> stack_, memo_;
  std::vector<size_t> marks_;
};

}  // namespace ridgeline
