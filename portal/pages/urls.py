"""Addresses of the pages."""

from django.contrib.auth import views as auth
from django.urls import path

from portal.pages.views import (
    account,
    datasets,
    files,
    home,
    investigation,
    jobs,
    jobs_list,
    reprocess,
    reprocess_many,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("account/", account.account, name="account"),
    path("account/tokens/<str:token_key>/revoke/", account.revoke_token, name="revoke-token"),
    path("investigations/<int:pk>/", investigation.datasets, name="investigation"),
    path("investigations/<int:pk>/experiment/", investigation.experiment, name="investigation-experiment"),
    path("investigations/<int:pk>/samples/", investigation.samples, name="investigation-samples"),
    path("investigations/<int:pk>/processed/", investigation.processed, name="investigation-processed"),
    path("investigations/<int:pk>/jobs/", investigation.jobs, name="investigation-jobs"),
    path("investigations/<int:pk>/statistics/", investigation.statistics, name="investigation-statistics"),
    path("datasets/<int:pk>/", datasets.dataset, name="dataset"),
    path("datasets/<int:pk>/archive/", files.archive, name="archive"),
    path("datasets/<int:pk>/reprocess/", reprocess.choose, name="choose-pipeline"),
    path("datasets/<int:pk>/reprocess/<str:identifier>/", reprocess.start, name="reprocess"),
    path("datasets/reprocess/", reprocess_many.choose, name="choose-pipeline-for-many"),
    path("datasets/reprocess/<str:identifier>/", reprocess_many.start, name="reprocess-many"),
    path("datafiles/<int:pk>/download/", files.download, name="download"),
    path("datafiles/<int:pk>/explore/", files.explore, name="explore"),
    path("jobs/", jobs_list.jobs, name="jobs"),
    path("jobs/progress/", jobs_list.progress, name="jobs-progress"),
    path("jobs/<uuid:pk>/", jobs.job, name="job"),
    path("jobs/<uuid:pk>/progress/", jobs.progress, name="job-progress"),
    path("jobs/<uuid:pk>/cancel/", jobs.cancel, name="cancel-job"),
    path("jobs/<uuid:pk>/retry/", jobs.retry, name="retry-job"),
    path("about/", home.about, name="about"),
]
