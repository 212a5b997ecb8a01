namespace Podflare.Pure.Architecture;

/// <summary>No two folders of a project depend on each other, directly or through others.</summary>
public sealed class FolderCircleTests
{
    [Theory]
    [InlineData("Podflare.Grains")]
    [InlineData("Podflare.Egress")]
    [InlineData("Podflare.Frontend")]
    [InlineData("Podflare.StatusPage")]
    public void FoldersFormNoCircle(string assembly)
    {
        var circles = NamespaceGraph.Of(Path.Combine(AppContext.BaseDirectory, assembly + ".dll")).Circles();

        Assert.True(circles.Count == 0, $"{assembly} has folders that depend on each other:\n{string.Join('\n', circles)}");
    }
}
