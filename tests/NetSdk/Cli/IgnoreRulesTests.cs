using Podflare.Cli.Templates;

namespace Podflare.NetSdk.Cli;

/// <summary>The patterns of a <c>.dockerignore</c>, with the results that Docker's documentation gives for them.</summary>
public sealed class IgnoreRulesTests
{
    [Theory]
    [InlineData("*/temp*", "somedir/temporary.txt", true)]
    [InlineData("*/temp*", "somedir/temp", true)]
    [InlineData("*/temp*", "temp", false)]
    [InlineData("*/temp*", "somedir/subdir/temporary.txt", false)]
    [InlineData("*/*/temp*", "somedir/subdir/temporary.txt", true)]
    [InlineData("temp?", "tempa", true)]
    [InlineData("temp?", "temp", false)]
    [InlineData("temp?", "a/tempb", false)]
    [InlineData("**/*.go", "main.go", true)]
    [InlineData("**/*.go", "a/b/c/main.go", true)]
    [InlineData("**/*.go", "main.gox", false)]
    [InlineData("**/node_modules", "a/node_modules/b/c.js", true)]
    [InlineData("node_modules", "node_modules/b/c.js", true)]
    [InlineData("node_modules", "a/node_modules/c.js", false)]
    [InlineData("/build/", "build/x", true)]
    [InlineData("./build", "build", true)]
    [InlineData("a/../build", "build", true)]
    [InlineData("data/**", "data/x/y", true)]
    [InlineData("data/**", "data", false)]
    [InlineData("a/**/z", "a/z", true)]
    [InlineData("a/**/z", "a/b/c/z", true)]
    [InlineData("*.[ch]", "x.c", true)]
    [InlineData("*.[^ch]", "x.c", false)]
    [InlineData("*.[a-d]", "x.d", true)]
    [InlineData("a.b", "aXb", false)]
    [InlineData(@"\*", "*", true)]
    [InlineData(@"\*", "x", false)]
    [InlineData("(1)+{x}$", "(1)+{x}$", true)]
    [InlineData("*.md|!README.md", "README.md", false)]
    [InlineData("*.md|!README.md", "OTHER.md", true)]
    [InlineData("*.md|!README*.md|README-secret.md", "README-secret.md", true)]
    [InlineData("README-secret.md|*.md|!README*.md", "README-secret.md", false)]
    [InlineData("# a comment|  spaced  ", "spaced", true)]
    [InlineData("# a comment", "# a comment", false)]
    [InlineData("\uFEFFfirst", "first", true)]
    [InlineData("*|!src", "src/deep/x", false)]
    [InlineData("*|!src", "other/x", true)]
    [InlineData("*|!src|**/obj", "src/obj/x", true)]
    public void A_path_is_left_out_as_Docker_leaves_it_out(string lines, string path, bool excluded) =>
        Assert.Equal(excluded, new IgnoreRules(lines.Split('|'), []).Excludes(path));

    [Fact]
    public void A_folder_with_an_exception_below_is_looked_into()
    {
        var rules = new IgnoreRules(["*", "!a/keep"], []);
        Assert.True(rules.Excludes("a"));
        Assert.False(rules.ExcludesAllBelow("a"));
        Assert.True(rules.ExcludesAllBelow("b"));
        Assert.False(new IgnoreRules(["*", "!**/keep"], []).ExcludesAllBelow("b"));
    }

    [Fact]
    public void The_Dockerfile_is_sent_even_if_everything_is_left_out() => Assert.False(new IgnoreRules(["*"], ["docker/Dockerfile"]).Excludes("docker/Dockerfile"));

    [Fact]
    public void What_is_not_a_pattern_is_named() =>
        Assert.Contains("'[z-a]' is not a pattern", Assert.Throws<FormatException>(() => new IgnoreRules(["[z-a]"], [])).Message, StringComparison.Ordinal);
}
