using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Podflare.Cli.Engine;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Cli;

/// <summary>The container in which an image is checked.</summary>
public sealed partial class ProbeContainerTests
{
    /// <summary>Where it is only for one of the two: the script reads the output from its own terminal.</summary>
    private static readonly string[] Own = ["LogConfig"];

    [Fact]
    public void The_command_and_the_script_check_images_under_the_same_restrictions()
    {
        var script = File.ReadAllText(Path.Combine(TestRun.Repository, "eng", "build-images.sh")).Replace("\\\n", "", StringComparison.Ordinal);
        var user = Verifier().Match(script).Groups[1].Value;
        var command = Run().Match(script).Groups[1].Value.Replace("$VERIFIER", user, StringComparison.Ordinal).Replace("\"", "", StringComparison.Ordinal);
        // The script also builds images with another home. The command builds on those with the default one.
        var words = command.Replace("$2", "/root", StringComparison.Ordinal).Replace("--env USER_HOME=/root", "", StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(Options(ProbeContainer.Settings("i", "c")).Order(StringComparer.Ordinal), Options(words).Order(StringComparer.Ordinal));
    }

    /// <summary>The options of <c>docker run</c>, one with its value a text.</summary>
    private static IEnumerable<string> Options(string[] words)
    {
        for (var i = 0; i < words.Length; i++)
        {
            var hasValue = i + 1 < words.Length && !words[i + 1].StartsWith('-');
            yield return hasValue ? $"{words[i]} {words[++i]}" : words[i];
        }
    }

    /// <summary>The same for a body of <c>/containers/create</c>.</summary>
    private static IEnumerable<string> Options(JsonObject settings)
    {
        yield return $"--user {settings["User"]}";
        foreach (var (name, value) in settings["HostConfig"]!.AsObject().Where(pair => !Own.Contains(pair.Key)))
        {
            var options = (name, value) switch
            {
                ("NetworkMode", _) => [$"--network {value}"],
                ("ReadonlyRootfs", _) => (bool)value! ? ["--read-only"] : [],
                ("CapDrop", JsonArray dropped) => dropped.Select(capability => $"--cap-drop {capability}"),
                ("SecurityOpt", JsonArray security) => security.Select(option => $"--security-opt {option}"),
                ("Tmpfs", JsonObject mounts) => mounts.Select(mount => $"--tmpfs {mount.Key}:{mount.Value}"),
                ("Memory", _) => [$"--memory {(long)value! >> 20}m"],
                ("PidsLimit", _) => [$"--pids-limit {value}"],
                _ => Enumerable.Empty<string>().Append($"{name} is unknown to this test"),
            };
            foreach (var option in options) yield return option;
        }
    }

    [GeneratedRegex("^VERIFIER=([0-9]+)$", RegexOptions.Multiline)]
    private static partial Regex Verifier();

    /// <summary>What is between the removal of the container at its end and the image.</summary>
    [GeneratedRegex("docker run --rm (.*?) \"\\$1\" python3 ")]
    private static partial Regex Run();
}
