using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Podflare.Files;

namespace Podflare.Runs;

public sealed class RunRequestTests
{
    private static readonly RunRequest Plain = new(
        "print(1)"u8.ToArray(), RunLanguage.Python, TimeSpan.FromSeconds(300), OnDisconnect.Continue, ImmutableSortedDictionary<string, string>.Empty.Add("A", "b"));

    public static TheoryData<string> Fields =>
    [
        "kind", "context", "fresh", "alone", "all", "columns", "stdin", "process", "argv", "cwd", "terminal", "watch", "recursive", "output", "order", "grace",
        "disconnect", "keep", "keep not", "tag",
    ];

    // A key that an earlier version has seen stays valid: this is what that version hashed.
    [Fact]
    public void The_hash_of_plain_code_is_that_of_earlier_versions()
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in new[] { "Python"u8.ToArray(), BitConverter.GetBytes(Plain.Timeout.Ticks), "Continue"u8.ToArray(), "A"u8.ToArray(), "b"u8.ToArray(), Plain.Code })
        {
            var length = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(length, (uint)part.Length);
            sha.AppendData(length);
            sha.AppendData(part);
        }

        Assert.Equal(Convert.ToHexStringLower(sha.GetHashAndReset()), Plain.PayloadHash());
        Assert.Equal(Plain.PayloadHash(), (Plain with { Output = OutputFormat.Default, Display = DisplayPolicy.Last }).PayloadHash());
    }

    [Theory]
    [MemberData(nameof(Fields))]
    public void Each_field_is_part_of_the_hash(string field)
    {
        var hashes = Fields.Select(row => With(row.Data).PayloadHash()).Append(Plain.PayloadHash()).ToArray();
        Assert.Single(hashes, With(field).PayloadHash());
    }

    private static RunRequest With(string field) => field switch
    {
        "kind" => Plain with { Kind = RunKind.Process },
        "context" => Plain with { Context = "other" },
        "fresh" => Plain with { Fresh = FreshMode.Fresh },
        "alone" => Plain with { Fresh = FreshMode.Alone },
        "all" => Plain with { Display = DisplayPolicy.All },
        "columns" => Plain with { Columns = true },
        "stdin" => Plain with { Stdin = true },
        "process" => Plain with { Process = new ProcessSpec([]) },
        "argv" => Plain with { Process = new ProcessSpec(["ls"]) },
        "cwd" => Plain with { Process = new ProcessSpec(["ls"], "/tmp") },
        "terminal" => Plain with { Process = new ProcessSpec(["ls"], null, new TerminalSize(80, 24)) },
        "watch" => Plain with { Watch = new WatchSpec(FilePath.Home, false) },
        "recursive" => Plain with { Watch = new WatchSpec(FilePath.Home, true) },
        "output" => Plain with { Output = new OutputFormat(MergesStderr: true) },
        "order" => Plain with { Output = new OutputFormat(IsOrdered: true) },
        "grace" => Plain with { Grace = TimeSpan.Zero },
        "disconnect" => Plain with { DisconnectAfter = TimeSpan.FromSeconds(10) },
        "keep" => Plain with { KeepAlive = true },
        "keep not" => Plain with { KeepAlive = false },
        "tag" => Plain with { Tag = "t" },
        _ => throw new ArgumentOutOfRangeException(nameof(field)),
    };
}
