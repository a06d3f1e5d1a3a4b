using k8s;
using k8s.Models;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Documents;

/// <summary>The job for Kubernetes, held against the types of the API (package KubernetesClient): no field that it does not have.</summary>
[Trait("tier", "documents")]
public sealed class KubernetesTests
{
    private static readonly string Job = File.ReadAllText(Path.Combine(Repository.Root, "src", "deploy", "kubernetes", "job.yaml"));

    [Fact]
    public void The_job_has_only_fields_of_the_api_and_runs_without_rights()
    {
        var job = KubernetesYaml.Deserialize<V1Job>(Job, strict: true);
        Assert.Equal(("batch/v1", "Job", "Indexed"), (job.ApiVersion, job.Kind, job.Spec.CompletionMode));
        var container = Assert.Single(job.Spec.Template.Spec.Containers);
        Assert.True(job.Spec.Template.Spec.SecurityContext.RunAsNonRoot);
        Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
        Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
        Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);

        // Every volume that is mounted is there, the rule names the container, and the command divides by the number of parts.
        Assert.Empty(container.VolumeMounts.Select(m => m.Name).Except(job.Spec.Template.Spec.Volumes.Select(v => v.Name)));
        Assert.Equal(container.Name, Assert.Single(job.Spec.PodFailurePolicy.Rules).OnExitCodes.ContainerName);
        Assert.Contains($"))/{job.Spec.Completions}\"", Assert.Single(container.Args), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("completionMode:", "completionsMode:")]
    [InlineData("readOnlyRootFilesystem:", "readOnlyRootFileSystem:")]
    [InlineData("claimName: images", "claim: images")]
    [InlineData("completions: 8", "completions: eight")]
    public void A_field_that_the_api_does_not_have_is_found(string right, string wrong)
    {
        Assert.Contains(right, Job, StringComparison.Ordinal);
        Assert.ThrowsAny<Exception>(() =>
            KubernetesYaml.Deserialize<V1Job>(Job.Replace(right, wrong, StringComparison.Ordinal), strict: true));
    }
}
