using System.Text.RegularExpressions;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Pure;

/// <summary>The SDK knows every word that the server sends for a state or a reason.</summary>
public sealed partial class WireWordTests
{
    [Theory]
    [InlineData("SandboxState", typeof(SandboxState))]
    [InlineData("EndReason", typeof(SandboxEndReason))]
    [InlineData("RunState", typeof(RunState))]
    [InlineData("ExitReason", typeof(ExitReason))]
    [InlineData("FileKind", typeof(SandboxFileType))]
    public void The_members_are_those_of_the_server(string name, Type type)
    {
        var sources = Directory.EnumerateFiles(Path.Combine(TestRun.Repository, "src", "Grains.Abstractions"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText);
        var body = Assert.Single(sources.Select(source => Regex.Match(source, $$"""enum {{name}}\b[^{]*\{(.*?)\}""", RegexOptions.Singleline)), match => match.Success).Groups[1].Value;
        var server = Member().Matches(body).Select(match => match.Groups[1].Value).Where(member => member != "Unknown");
        Assert.Equal(server.Order(), Enum.GetNames(type).Where(member => member != "Unknown").Order());
    }

    [Fact]
    public void An_unknown_word_is_unknown_and_a_known_one_is_written_as_it_came()
    {
        var info = System.Text.Json.JsonSerializer.Deserialize("""{"id":"r","state":"ended","reason":"evaporated"}""", ClientJson.Default.RunInfo)!;
        Assert.Equal((RunState.Ended, ExitReason.Unknown), (info.State, info.Reason));
        Assert.Contains("\"state\":\"ended\"", System.Text.Json.JsonSerializer.Serialize(info, ClientJson.Default.RunInfo), StringComparison.Ordinal);
    }

    [GeneratedRegex("^\\s*([A-Z][A-Za-z]*)(?: = [0-9]+)?,?\\s*$", RegexOptions.Multiline)]
    private static partial Regex Member();
}
