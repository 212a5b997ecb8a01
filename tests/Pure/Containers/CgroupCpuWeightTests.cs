namespace Podflare.Containers;

/// <summary>The CPU weight of a container is written where its control group can be reached.</summary>
public sealed class CgroupCpuWeightTests : IDisposable
{
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pf-cgroup.");

    [Theory]
    [InlineData("cpu/docker/{0}/cpu.shares", 128, "128")]
    [InlineData("cpu/system.slice/docker-{0}.scope/cpu.shares", 8, "8")]
    [InlineData("docker/{0}/cpu.weight", 1024, "39")]
    [InlineData("system.slice/docker-{0}.scope/cpu.weight", 2, "1")]
    public void The_weight_is_written_as_the_version_of_control_groups_counts_it(string path, long shares, string written)
    {
        var file = Path.Combine(_root.FullName, string.Format(System.Globalization.CultureInfo.InvariantCulture, path, Id));
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, "");

        Assert.True(CgroupCpuWeight.TryWrite(_root.FullName, Id, shares));

        Assert.Equal(written, File.ReadAllText(file));
    }

    [Theory]
    [InlineData(Id)]
    [InlineData("../../../etc")]
    public void Without_a_control_group_the_engine_has_to_be_asked(string id) => Assert.False(CgroupCpuWeight.TryWrite(_root.FullName, id, 128));

    public void Dispose() => _root.Delete(recursive: true);
}
