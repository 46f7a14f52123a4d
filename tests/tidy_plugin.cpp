// A plugin of clang-tidy's that keeps its checks to the project's own code. Left alone it runs each
// check over all of Boost and the standard library, in every file anew, and then drops what it
// found there, which takes two thirds of its time. Everything outside system headers is still seen.
#include <clang/AST/ASTConsumer.h>
#include <clang/AST/ASTContext.h>
#include <clang/Basic/SourceManager.h>
#include <clang/Frontend/FrontendAction.h>
#include <clang/Frontend/FrontendPluginRegistry.h>

#include <memory>
#include <string>
#include <vector>

namespace {

// Runs before the checks do, on the file as parsed.
class OwnCode : public clang::ASTConsumer {
 public:
  void HandleTranslationUnit(clang::ASTContext& context) override {
    const clang::SourceManager& sources = context.getSourceManager();
    std::vector<clang::Decl*> own;
    for (clang::Decl* decl : context.getTranslationUnitDecl()->decls()) {
      const clang::SourceLocation location = decl->getLocation();
      if (location.isValid() && !sources.isInSystemHeader(location)) own.push_back(decl);
    }
    context.setTraversalScope(own);
  }
};

class KeepToOwnCode : public clang::PluginASTAction {
  std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(clang::CompilerInstance& /*compiler*/,
                                                        llvm::StringRef /*file*/) override {
    return std::make_unique<OwnCode>();
  }
  bool ParseArgs(const clang::CompilerInstance& /*compiler*/,
                 const std::vector<std::string>& /*arguments*/) override {
    return true;
  }
  ActionType getActionType() override { return AddBeforeMainAction; }
};

const clang::FrontendPluginRegistry::Add<KeepToOwnCode> kKeepToOwnCode("own-code", "");

}  // namespace
